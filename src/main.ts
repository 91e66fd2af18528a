import cluster from 'node:cluster';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { ConfigurationError, readConfig, type Config } from './config/env.js';
import { createLogger } from './platform/logging/logger.js';
import { reportFailure, supervise, WorkerError } from './server/cluster.js';

// V8 allocates objects in the old generation if earlier objects from the same code survived a collection. The first
// requests fill caches, so V8 would then keep the objects of every later request until a full collection.
setFlagsFromString('--no-allocation-site-pretenuring');

async function main(): Promise<void> {
  const config = readConfig();
  const logger = await createLogger(config);
  if (!config.worker) logWarnings(config, logger);
  if (config.workers > 1 && cluster.isPrimary) {
    await supervise(config.workers, logger);
    process.exit();
  }
  const { serve } = await import('./server/serve.js');
  await serve(config, logger);
}

/** Warns about settings that are valid but probably unintended. */
function logWarnings(config: Config, logger: Logger): void {
  if (config.accessToken.usesDevelopmentSecret) {
    logger.warn('JWT_SECRET is not set. Tokens are signed with a public secret, which production does not accept.');
  }
  if (config.environment === 'production' && config.mail.smtpUrl === null) {
    logger.warn('SMTP_URL is not set. Mails are stored and not sent until you set it.');
  }
  if (config.workers > config.database.poolMax) {
    logger.warn(
      `DB_POOL_MAX is ${config.database.poolMax}, but each of the ${config.workers} workers uses a connection.`,
    );
  }
}

/** Describes expected errors by their message, and all others with their stack. */
function describe(error: unknown): string {
  const isExpected =
    error instanceof ConfigurationError ||
    error instanceof WorkerError ||
    (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE');
  return isExpected ? error.message : inspect(error);
}

main().catch((error: unknown) => {
  if (cluster.isWorker) return reportFailure(describe(error));
  console.error(describe(error));
  process.exit(1);
});
