// Runs Node programs, and the scripts themselves.
import { spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';

/** Ctrl-C or a signal stopped the work. */
class InterruptedError extends Error {}

/**
 * Runs a Node program until it exits. An interruption stops it.
 *
 * @param {readonly string[]} args
 * @param {{ signal?: AbortSignal, input?: string, quiet?: boolean }} [options] `quiet` prints standard output only if
 *   the program fails
 * @returns {Promise<number>} its exit code
 */
export async function runNode(args, { signal, input, quiet = false } = {}) {
  const child = spawn(process.execPath, args, {
    stdio: [input === undefined ? 'inherit' : 'pipe', quiet ? 'pipe' : 'inherit', 'inherit'],
  });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop);
  child.stdin?.end(input);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  signal?.removeEventListener('abort', stop);
  if (signal?.aborted) throw new InterruptedError();
  // The code is null if a signal killed it.
  if (code && quiet) process.stdout.write(output);
  return code ?? 1;
}

/**
 * Runs a script and sets the exit code. Prints the message of an error without its stack.
 *
 * @param {() => Promise<number>} main returns the exit code
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
 * Runs work that can clean up after Ctrl-C and SIGTERM, because they abort a signal and do not end the process.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const controller = new AbortController();
  // Each child process adds a listener.
  setMaxListeners(0, controller.signal);
  // npm and the terminal may both send the signal, so further ones have no effect.
  const interrupt = () => controller.abort(new InterruptedError());
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
