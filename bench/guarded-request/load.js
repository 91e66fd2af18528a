// What drives the contenders: wrk, or autocannon where wrk is missing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { benchVersionsOf } from './packages.js';

/**
 * @typedef {{ rps: number, p50: number, p99: number, max: number }} Turn what one turn gave; latencies in milliseconds
 * @typedef {object} Load
 * @property {string} url
 * @property {string} header
 * @property {string} file a value of the header in each line
 * @property {number} connections
 * @property {number} seconds
 */

/** How long an answer may take. */
const PATIENCE = '10s';

const beside = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));

export class LoadGenerator {
  /** @param {string | null} wrk its version */
  constructor(wrk) {
    this.wrk = wrk;
  }

  /** Looks for wrk. */
  static async find() {
    const { output } = await run('wrk', ['-v']);
    return new LoadGenerator(/^wrk (\S+)/m.exec(output)?.[1] ?? null);
  }

  /** wrk itself, for a bench that cannot do with another. */
  static async wrk() {
    const generator = await LoadGenerator.find();
    if (!generator.wrk) throw new Error('This bench needs wrk.');
    return generator;
  }

  /** Its name and version. */
  get name() {
    return this.wrk
      ? `wrk ${this.wrk}`
      : `autocannon ${benchVersionsOf(['autocannon'])['autocannon']}, as wrk is missing`;
  }

  /**
   * One turn. Every answer has to be good.
   *
   * @param {string} who @param {Load} load @param {AbortSignal} signal
   * @returns {Promise<Turn>}
   */
  async drive(who, { url, header, file, connections, seconds }, signal) {
    const { error, output } = this.wrk
      ? await run(
          'wrk',
          [
            `-t1`,
            `-c${connections}`,
            `-d${seconds}s`,
            '--latency',
            `--timeout=${PATIENCE}`,
            '-s',
            beside('wrk.lua'),
            url,
            '--',
            header,
            file,
          ],
          signal,
        )
      : await run(
          process.execPath,
          [beside('autocannon.js'), url, String(connections), String(seconds), header, file],
          signal,
        );
    signal.throwIfAborted();
    const line = output.split('\n').findLast((text) => text.startsWith('{'));
    if (!line) throw new Error(`${who} could not be driven: ${error || output.trim()}`);
    const result = JSON.parse(line);
    const { requests, refused, broken } = result;
    if (refused > 0) throw new Error(`${who} answered ${refused} of ${requests} requests with an error.`);
    if (broken > 0) throw new Error(`${who} left ${broken} requests without an answer, beside ${requests} answers.`);
    return { rps: requests / result.seconds, p50: result.p50, p99: result.p99, max: result.max };
  }
}

/** Runs a program to its end, if there is one. @param {string} command @param {string[]} args @param {AbortSignal} [signal] */
async function run(command, args, signal) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  const ended = once(child, 'close').catch(() => undefined);
  const read = (/** @type {import('node:stream').Readable} */ stream) => text(stream).catch(() => '');
  const [output, error] = await Promise.all([read(child.stdout), read(child.stderr), ended]);
  return { output, error: error.trim() };
}
