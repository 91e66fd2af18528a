import { channel, type Channel } from './channels.js';

interface Options<Label extends string> {
  /** In the form of Prometheus, such as `orders_total` or `payment_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  /**
   * The labels with the values that are known in advance. Their series start at 0, because Prometheus does not see the
   * increase of a series that starts with its first event.
   */
  readonly labels?: Readonly<Record<Label, readonly string[]>>;
}

type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** What a metric adds to the series with these labels. */
export interface Sample {
  readonly labels: Labels<string>;
  readonly value: number;
}

/** A metric whose samples `platform/metrics` collects if metrics are enabled. */
export interface MetricDefinition extends Required<Options<string>> {
  /** The upper bounds of a histogram. Undefined for a counter. */
  readonly buckets: readonly number[] | undefined;
  readonly samples: Channel<Sample>;
}

const definitions = new Map<string, MetricDefinition>();

/** Counts events. Does nothing if metrics are disabled. */
export class CounterMetric<Label extends string> {
  constructor(private readonly samples: Channel<Sample>) {}

  add(labels: Labels<Label>, count = 1): void {
    this.samples.publish({ labels, value: count });
  }
}

/** Counts values, such as durations in seconds, in buckets. Does nothing if metrics are disabled. */
export class HistogramMetric<Label extends string> {
  constructor(private readonly samples: Channel<Sample>) {}

  /** Whether metrics are enabled. Check it before you measure something on a hot path. */
  get isEnabled(): boolean {
    return this.samples.hasSubscribers;
  }

  observe(value: number, labels: Labels<Label>): void {
    this.samples.publish({ labels, value });
  }
}

/**
 * Defines a counter:
 *
 * ```ts
 * export const orders = defineCounter({ name: 'orders_total', help: 'Orders, by payment.', labels: { payment: ['card'] } });
 * orders.add({ payment: 'card' });
 * ```
 */
export function defineCounter<Label extends string = never>(options: Options<Label>): CounterMetric<Label> {
  return new CounterMetric(define(options));
}

/** Defines a histogram. @param buckets the upper bounds, ascending */
export function defineHistogram<Label extends string = never>(
  options: Options<Label>,
  buckets: readonly number[],
): HistogramMetric<Label> {
  return new HistogramMetric(define(options, buckets));
}

/** Returns the metrics of all modules that are loaded. */
export function metricDefinitions(): MetricDefinition[] {
  return [...definitions.values()];
}

function define({ labels = {}, ...options }: Options<string>, buckets?: readonly number[]): Channel<Sample> {
  const { name } = options;
  if (definitions.has(name)) throw new Error(`The metric ${name} is defined twice.`);
  const samples = channel<Sample>(`metric:${name}`);
  definitions.set(name, { ...options, labels, buckets, samples });
  return samples;
}
