// How the scripts run Node programs, and end themselves.
import { spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';

/** Ctrl-C, or a supervisor that asks to stop. */
export class InterruptedError extends Error {}

/**
 * Runs a Node program until it ends; an interruption ends it early.
 *
 * @param {readonly string[]} args
 * @param {{ signal?: AbortSignal, input?: string, quiet?: boolean }} [options] `quiet` shows the output only of a
 *   program that failed
 * @returns {Promise<number>} its exit code
 */
export async function runNode(args, { signal, input, quiet = false } = {}) {
  const child = spawn(process.execPath, args, {
    stdio: [input === undefined ? 'inherit' : 'pipe', quiet ? 'pipe' : 'inherit', 'inherit'],
  });
  const end = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', end);
  child.stdin?.end(input);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  signal?.removeEventListener('abort', end);
  if (signal?.aborted) throw new InterruptedError();
  // What a signal ended did not fail.
  if (code && quiet) process.stdout.write(output);
  return code ?? 1;
}

/**
 * Runs a script's work. What fails is told in one line, as a person reads it.
 *
 * @param {() => Promise<number>} main gives the exit code
 */
export function runMain(main) {
  main().then(
    (code) => (process.exitCode = code),
    (error) => {
      if (!(error instanceof InterruptedError)) console.error(error instanceof Error ? error.message : error);
      process.exitCode = error instanceof InterruptedError ? 130 : 1;
    },
  );
}

/**
 * Does work that Ctrl-C and SIGTERM interrupt instead of ending the process, so that it can clean up.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const interruption = new AbortController();
  // Each process that is started listens.
  setMaxListeners(0, interruption.signal);
  // npm and the terminal may both send the same signal.
  const interrupt = () => interruption.abort(new InterruptedError());
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
