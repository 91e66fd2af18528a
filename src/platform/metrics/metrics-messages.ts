/** The first process asks a worker for its metrics. */
export interface MetricsRequest {
  readonly metricsRequest: number;
}

/** The metrics of a worker, as `prom-client` describes them in JSON. */
export interface MetricsResponse {
  readonly metricsRequest: number;
  readonly metrics: readonly object[];
}

/** Answers requests of the first process for the metrics of this worker. Returns a function that stops. */
export function answerPrimary(read: () => Promise<readonly object[]>): () => void {
  const onMessage = (message: unknown) => {
    if (!isMetricsRequest(message)) return;
    const { metricsRequest } = message;
    // A worker that cannot answer is left out.
    read().then(
      (metrics) => process.send?.({ metricsRequest, metrics } satisfies MetricsResponse),
      () => undefined,
    );
  };
  process.on('message', onMessage);
  return () => process.off('message', onMessage);
}

function isMetricsRequest(message: unknown): message is MetricsRequest {
  return typeof message === 'object' && message !== null && 'metricsRequest' in message;
}
