// A server in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT = 60_000;
/** How often, in milliseconds, to ask whether it answers yet. */
const LOOK_INTERVAL = 50;
/** How much of what it complains about is kept, in characters. */
const COMPLAINTS = 8_000;

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<void>} kill
 *
 * @typedef {object} ServerOptions
 * @property {string} name what it is called where it does not start
 * @property {string} [command] Node.js by default
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} env beyond what this process has
 * @property {number} port
 * @property {string} path one that it answers, whatever the answer is
 * @property {AbortSignal} [signal] kills it
 */

/**
 * Starts a server, and waits until it answers.
 *
 * @param {ServerOptions} options
 * @returns {Promise<Server>}
 */
export async function startServer({ name, command = process.execPath, args, env, port, path, signal }) {
  const child = spawn(command, [...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints = (complaints + chunk).slice(-COMPLAINTS)));
  const exited = once(child, 'close').catch((error) => (complaints += `\n${error.message}`));
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT;
  while (!(await answers(url + path))) {
    signal?.throwIfAborted();
    const gone = !child.pid || child.exitCode !== null || child.signalCode !== null;
    if (!gone && Date.now() < deadline) await sleep(LOOK_INTERVAL);
    else {
      child.kill('SIGKILL');
      await exited;
      throw new Error(`${name} did not start${reason(complaints)}`);
    }
  }
  child.stderr?.removeAllListeners('data').pipe(process.stderr);
  return {
    url,
    pid: Number(child.pid),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** @param {string} url */
async function answers(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
  await answer?.body?.cancel();
  return answer !== null;
}

/** The line that says why, out of all that it wrote. @param {string} complaints */
function reason(complaints) {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.findLast((line) => /error|cannot|must|required/i.test(line)) ?? lines.at(-1);
  return telling ? `: ${telling.trim()}` : '.';
}
