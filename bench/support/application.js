// The built application in a process of its own, as production runs it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../scripts/postgres-client.js';

const START_TIMEOUT = 60_000;

/**
 * Starts it, and waits until it answers.
 *
 * @param {Readonly<Record<string, string>>} env beyond what this process has
 * @returns {Promise<{ url: string, kill: () => Promise<void> }>}
 */
export async function startApplication(env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
  });
  const exited = once(child, 'exit');
  const deadline = Date.now() + START_TIMEOUT;
  while (!(await isLive(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error('The application did not start.');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** @param {string} url */
async function isLive(url) {
  const answer = await fetch(`${url}/health/live`).catch(() => null);
  return answer?.ok === true;
}
