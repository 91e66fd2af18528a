import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import type { Logger } from 'pino';
import type { Config } from '../config/env.js';
import { MetricsListener } from '../platform/metrics/metrics-listener.js';
import type { MetricsRequest, MetricsResponse } from '../platform/metrics/metrics-messages.js';

/** Shorter than the scrape timeout of Prometheus, which is 10 s by default. */
const ANSWER_TIMEOUT_MS = 2_000;

/** The metrics of a process, as `prom-client` describes them in JSON. */
type Metrics = readonly { readonly type?: unknown }[];

/** Serves the metrics of all workers from the first process. Call it before you start the workers. */
export async function serveWorkerMetrics({ host, port }: Config['metrics'], logger: Logger): Promise<void> {
  if (port === null) return;
  const workers = new WorkerMetrics();
  const { url } = await MetricsListener.start({ host, port }, () => workers.scrape());
  logger.info({ context: 'Metrics' }, `Metrics are on ${url}`);
}

/** Adds up the metrics of the workers. */
class WorkerMetrics {
  private scraping: Promise<string> | undefined;
  private requests = 0;
  private readonly latest = new Map<number, Metrics>();
  /** The totals of workers that have exited. Without them, counters would decrease, which means a restart. */
  private retired: Metrics = [];

  constructor() {
    cluster.on('exit', ({ id }) => void this.retire(id));
  }

  /** Returns the metrics in the text format of Prometheus. Concurrent scrapes share one result. */
  scrape(): Promise<string> {
    return (this.scraping ??= this.collect().finally(() => (this.scraping = undefined)));
  }

  private async collect(): Promise<string> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected()) as Worker[];
    const answered = await this.ask(workers);
    const all = [...this.latest].map(([id, metrics]) => (answered.has(id) ? metrics : totalsOf(metrics)));
    return AggregatorRegistry.aggregate([this.retired, ...all]).metrics();
  }

  /** Stores the metrics of the workers that answer in time, and returns their IDs. */
  private async ask(workers: readonly Worker[]): Promise<ReadonlySet<number>> {
    const metricsRequest = (this.requests += 1);
    const answered = new Set<number>();
    await new Promise<void>((resolve) => {
      const finish = () => {
        cluster.off('message', onMessage);
        clearTimeout(timer);
        resolve();
      };
      const onMessage = ({ id }: Worker, message: unknown) => {
        if (!isResponse(message) || message.metricsRequest !== metricsRequest) return;
        this.latest.set(id, message.metrics);
        if (answered.add(id).size === workers.length) finish();
      };
      const timer = setTimeout(finish, ANSWER_TIMEOUT_MS);
      cluster.on('message', onMessage);
      for (const worker of workers) worker.send({ metricsRequest } satisfies MetricsRequest, () => undefined);
      if (workers.length === 0) finish();
    });
    return answered;
  }

  private async retire(id: number): Promise<void> {
    const metrics = this.latest.get(id);
    if (!metrics) return;
    this.latest.delete(id);
    const sums = AggregatorRegistry.aggregate([this.retired, totalsOf(metrics)]);
    this.retired = await sums.getMetricsAsJSON();
  }
}

/** Returns the metrics that only grow. The current values of a worker that does not answer are not known. */
function totalsOf(metrics: Metrics): Metrics {
  return metrics.filter(({ type }) => type === 'counter' || type === 'histogram');
}

function isResponse(message: unknown): message is MetricsResponse {
  return typeof message === 'object' && message !== null && 'metrics' in message;
}
