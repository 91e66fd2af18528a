import { types } from 'node:util';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../../config/env.js';

/** Never to be seen in a log, wherever in a record they stand. Nothing logs them; this is the net under that. */
const SECRETS = [
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'token',
  'secret',
  'authorization',
  'cookie',
];

/**
 * The process's logger: one JSON object a line, in UTC, with secrets redacted; line breaks inside a value are
 * escaped, so that nobody can forge a line (ASVS 16.4.1). A worker's lines have its number. In development the same,
 * readable.
 *
 * @param destination where to write; the standard output by default
 */
export async function createLogger(config: Config, destination?: DestinationStream): Promise<Logger> {
  const options = {
    level: config.logLevel,
    base: config.worker && { worker: config.worker.number },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
  };
  return pino(options, destination ?? (config.environment === 'development' ? await readable() : pino.destination(1)));
}

/**
 * What a log may know of an error: an allow-list. The database's errors carry the parameters of the statement
 * and the row that failed, and with them hashes of passwords.
 */
function describeError(error: unknown): unknown {
  if (!types.isNativeError(error)) return error;
  const { name: type, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { type, message, code, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}

/** The readable form comes from a development dependency; where it is not installed, JSON does. */
async function readable(): Promise<DestinationStream> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({
      colorize: process.stdout.isTTY,
      ignore: 'context,worker',
      messageFormat: '{if worker}#{worker} {end}{if context}[{context}] {end}{msg}',
      sync: true,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return pino.destination(1);
  }
}
