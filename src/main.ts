import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { errorText } from './common/error-text.js';
import { ListenError } from './common/listen-error.js';
import { ConfigurationError, readConfig } from './config/env.js';
import { createLogger } from './platform/logging/logger.js';
import { flushStandardOutput } from './platform/logging/standard-output.js';
import { logStartChecks } from './server/checks/start-checks.js';
import { reportFailure, supervise, WorkerError } from './server/cluster.js';

// V8 allocates objects in the old generation if earlier objects from the same code survived a collection. The first
// requests fill caches, so V8 would then keep the objects of every later request until a full collection.
setFlagsFromString('--no-allocation-site-pretenuring');

async function main(): Promise<void> {
  const config = readConfig();
  const logger = await createLogger(config);
  if (!config.worker) logStartChecks(config, logger);
  if (config.workers > 1 && cluster.isPrimary) {
    if (config.metrics.port !== null) {
      const { serveWorkerMetrics } = await import('./server/worker-metrics.js');
      await serveWorkerMetrics(config.metrics, logger);
    }
    await supervise(config, logger);
    await flushStandardOutput();
    process.exit();
  }
  const { serve } = await import('./server/serve.js');
  await serve(config, logger);
}

/** Describes expected errors by their message, and all others with their stack. */
function describe(error: unknown): string {
  const isExpected =
    error instanceof ConfigurationError || error instanceof WorkerError || error instanceof ListenError;
  return isExpected ? error.message : errorText(error);
}

main().catch((error: unknown) => {
  if (cluster.isWorker) return reportFailure(describe(error));
  console.error(describe(error));
  process.exit(1);
});
