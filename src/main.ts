import cluster from 'node:cluster';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { reportFailure, supervise, WorkerError } from './server/cluster.js';
import { createLogger } from './platform/logging/logger.js';
import { ConfigurationError, readConfig, type Config } from './config/env.js';

// V8 watches which objects outlive a collection and makes their like among the old ones from then on. Here it takes what
// the first requests left behind for what every request leaves, and then keeps each request until a full collection.
setFlagsFromString('--no-allocation-site-pretenuring');

async function main(): Promise<void> {
  const config = readConfig();
  const logger = await createLogger(config);
  if (!config.worker) warnOf(config, logger);
  if (config.workers > 1 && cluster.isPrimary) {
    await supervise(config.workers, logger);
    process.exit();
  }
  const { serve } = await import('./server/serve.js');
  await serve(config, logger);
}

/** What is allowed, and probably not meant. */
function warnOf(config: Config, logger: Logger): void {
  if (config.accessToken.usesDevelopmentSecret) {
    logger.warn(
      'JWT_SECRET is not set: tokens are signed with a secret that everyone can read. Production refuses it.',
    );
  }
  if (config.environment === 'production' && config.mail.smtpUrl === null) {
    logger.warn('SMTP_URL is not set: mails are written down and wait until there is a mail server.');
  }
  if (config.workers > config.database.poolMax) {
    logger.warn(
      `DB_POOL_MAX is ${config.database.poolMax}, and each of the ${config.workers} workers has a connection all the same.`,
    );
  }
}

/** A person reads this: a bad configuration or a taken port needs its message, not a stack. */
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
