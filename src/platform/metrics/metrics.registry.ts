import { collectDefaultMetrics, Gauge, register, Registry, type Metric } from 'prom-client';
import type { GaugeValue } from '../../common/gauges.js';
import type { RequestMetrics, RequestSeries } from './request-metrics.middleware.js';
import { countSamples } from './defined-metrics.js';

/** A value in the form of `prom-client`. */
interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The metrics of this process. */
export class MetricsRegistry {
  private readonly registry = new Registry();
  private readonly stopCounting: () => void;

  constructor(requests: RequestMetrics) {
    collectDefaultMetrics({ register: this.registry });
    this.stopCounting = countSamples(this.registry);
    this.addRequests(requests);
  }

  /** Returns the metrics in the text format of Prometheus, with those of modules in the global registry of `prom-client`. */
  text(gauges: readonly GaugeValue[]): Promise<string> {
    return this.merge(gauges).metrics();
  }

  /** Returns the metrics for `AggregatorRegistry.aggregate`. */
  json(gauges: readonly GaugeValue[]): Promise<object[]> {
    return this.merge(gauges).getMetricsAsJSON();
  }

  close(): void {
    this.stopCounting();
  }

  private merge(gauges: readonly GaugeValue[]): Registry {
    for (const gauge of gauges) this.setGauge(gauge);
    return Registry.merge([this.registry, register]);
  }

  private setGauge({ name, help, labels = {}, value, aggregator = 'sum' }: GaugeValue): void {
    const options = { name, help, labelNames: Object.keys(labels), aggregator, registers: [this.registry] };
    const gauge = (this.registry.getSingleMetric(name) as Gauge | undefined) ?? new Gauge(options);
    if (value === null) gauge.remove(labels);
    else gauge.set(labels, value);
  }

  private addRequests(requests: RequestMetrics): void {
    const duration = 'http_server_request_duration_seconds';
    const durationHelp =
      'Duration of requests by route template. Status 499: the connection closed before the response.';
    this.addComputed('histogram', duration, durationHelp, () =>
      requests.all().flatMap((series) => series.buckets.values(duration, labelsOf(series))),
    );
    const abortedHelp = 'Requests whose connection closed before the response was complete.';
    this.addComputed('counter', 'http_server_aborted_requests_total', abortedHelp, () =>
      requests.aborted().map((series) => ({ labels: labelsOf(series), value: series.buckets.total })),
    );
    this.addComputed('gauge', 'http_server_active_requests', 'Requests in progress.', () => [
      { labels: {}, value: requests.active },
    ]);
  }

  private addComputed(type: string, name: string, help: string, read: () => readonly Value[]): void {
    const metric = { name, help, type, aggregator: 'sum' };
    this.registry.registerMetric({
      ...metric,
      get: () => Promise.resolve({ ...metric, values: read() }),
    } as unknown as Metric);
  }
}

function labelsOf({ method, route, status }: RequestSeries): Value['labels'] {
  return { http_request_method: method, http_route: route, http_response_status_code: status };
}
