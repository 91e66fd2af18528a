// A whole instance for one bench: a database, the application, and the end of both.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { startApplication } from './application.js';
import { withDatabase } from './database.js';

/**
 * Lets a bench use a running instance, which is gone afterwards, also where somebody interrupts.
 *
 * @template T
 * @param {{ env: Readonly<Record<string, string>>, signal: AbortSignal }} options
 * @param {(instance: { url: string, databaseUrl: string, pid: number }) => Promise<T>} use
 * @returns {Promise<T>}
 */
export function withInstance({ env, signal }, use) {
  return withDatabase(async (databaseUrl) => {
    const JWT_SECRET = randomBytes(48).toString('base64');
    const app = await startApplication({ JWT_SECRET, LOG_LEVEL: 'error', RATE_LIMIT_ENABLED: 'false', ...env });
    try {
      return await Promise.race([use({ url: app.url, databaseUrl, pid: app.pid }), aborted(signal)]);
    } finally {
      await app.kill();
    }
  });
}

/** Never comes back; throws when somebody interrupts. @param {AbortSignal} signal @returns {Promise<never>} */
export async function aborted(signal) {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
