import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { flushStandardOutput } from '../platform/logging/standard-output.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
/** For one Ctrl-C, the terminal, npm and the first of several workers may each send a signal. */
const SAME_REQUEST_MS = 1_000;

/**
 * Calls `stop` at the first signal that stops a process, and `stopNow` at a later one.
 *
 * @returns a function that removes the listeners, unless a signal has arrived
 */
export function onStopSignals(stop: (signal: NodeJS.Signals) => void, stopNow: () => void): () => void {
  let stoppingSince: number | null = null;
  const listener = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (stoppingSince === null) {
      stoppingSince = now;
      stop(signal);
    } else if (now - stoppingSince > SAME_REQUEST_MS) stopNow();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return () => {
    if (stoppingSince === null) for (const signal of STOP_SIGNALS) process.off(signal, listener);
  };
}

/** Closes the application at the first signal and then exits. A second signal ends the process immediately. */
export function stopOnSignals(app: NestExpressApplication, logger: Logger): void {
  const remove = onStopSignals(
    (signal) => void stop(app, signal, logger),
    () => process.exit(1),
  );
  app.getHttpServer().once('close', remove);
}

/** Closes the application and exits, with code 0 because supervisors expect it after a signal. */
async function stop(app: NestExpressApplication, signal: string, logger: Logger): Promise<void> {
  let code = 0;
  logger.info(`Got ${signal}. Gatehouse stops.`);
  try {
    // Nest's interface lacks the parameter of its class.
    await (app as { close(signal: string): Promise<void> }).close(signal);
  } catch (error) {
    logger.error({ err: error }, 'The shutdown failed.');
    code = 1;
  }
  await flushStandardOutput();
  process.exit(code);
}
