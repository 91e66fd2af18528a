import { Counter, Histogram, type Registry } from 'prom-client';
import { metricDefinitions, type MetricDefinition, type Sample } from '../../common/metrics.js';

/** Counts the samples of all defined metrics in this process. Returns a function that stops. */
export function countSamples(registry: Registry): () => void {
  const subscriptions = metricDefinitions().map(({ samples, ...definition }) => {
    const count = counterOf(definition, registry);
    samples.subscribe(count);
    return () => samples.unsubscribe(count);
  });
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}

/** Creates the metric with its known series, and returns the function that adds a sample. */
function counterOf(
  { name, help, labels, buckets }: Omit<MetricDefinition, 'samples'>,
  registry: Registry,
): (sample: Sample) => void {
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (!buckets) {
    const counter = new Counter(options);
    for (const known of knownSeries(labels)) counter.inc(known, 0);
    return ({ labels: series, value }) => counter.inc(series, value);
  }
  const histogram = new Histogram({ ...options, buckets: [...buckets] });
  for (const known of knownSeries(labels)) histogram.zero(known);
  return ({ labels: series, value }) => histogram.observe(series, value);
}

/** Returns all combinations of the known values. There are none if a label has no known value. */
function knownSeries(labels: MetricDefinition['labels']): Sample['labels'][] {
  return Object.entries(labels).reduce<Sample['labels'][]>(
    (all, [name, values]) => all.flatMap((series) => values.map((value) => ({ ...series, [name]: value }))),
    [{}],
  );
}
