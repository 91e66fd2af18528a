// Generates load with wrk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const TIMEOUT_SECONDS = 10;

/**
 * @typedef {object} Load
 * @property {string} url
 * @property {string} [header] its values are in the file, `Authorization` by default
 * @property {string} file one value per line, which the requests use in turn
 * @property {string} [introspector] introspects the values instead, with this value of the header
 * @property {number} connections
 * @property {number} seconds
 * @typedef {{ rps: number, p50: number, p99: number }} Turn requests per second, and latencies in milliseconds
 */

/** @returns {Promise<string>} wrk's version */
export async function requireWrk() {
  const { output } = await run(['-v']);
  const version = /^wrk (\S+)/m.exec(output)?.[1];
  if (version) return version;
  throw new Error('wrk is missing. Install it with "apt-get install wrk" or "brew install wrk".');
}

/**
 * Sends requests as fast as the server responds. Throws if a response has an error status or does not arrive.
 *
 * @param {string} name of the server, for the error message
 * @param {Load} load @param {AbortSignal} signal
 * @returns {Promise<Turn>}
 */
export async function drive(name, { url, header = 'Authorization', file, introspector, connections, seconds }, signal) {
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `--timeout=${TIMEOUT_SECONDS}s`];
  const { output, error } = await run(
    [...options, '-s', SCRIPT, url, '--', header, file, ...(introspector ? [introspector] : [])],
    signal,
  );
  signal.throwIfAborted();
  const line = output.split('\n').findLast((candidate) => candidate.startsWith('{'));
  if (!line) throw new Error(`wrk failed for ${name}: ${error || output.trim()}`);
  const { requests, seconds: duration, p50, p99, rejected, broken } = JSON.parse(line);
  if (rejected > 0) throw new Error(`${name} rejected ${rejected} of ${requests} requests.`);
  if (broken > 0) throw new Error(`${name} did not respond to ${broken} requests. It responded to ${requests}.`);
  return { rps: requests / duration, p50, p99 };
}

/** @param {string[]} args @param {AbortSignal} [signal] */
async function run(args, signal) {
  const child = spawn('wrk', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  const ended = once(child, 'close').catch(() => undefined);
  const read = (/** @type {import('node:stream').Readable} */ stream) => text(stream).catch(() => '');
  const [output, error] = await Promise.all([read(child.stdout), read(child.stderr), ended]);
  return { output, error: error.trim() };
}
