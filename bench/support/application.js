// The built application in a process of its own, as production runs it.
import { readFileSync } from 'node:fs';
import { freePort } from '../../scripts/postgres-client.js';
import { startServer } from './server.js';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** What production tells Node.js: the options of `npm run start:prod`. @type {readonly string[]} */
const FLAGS = scripts['start:prod'].split(' ').filter((/** @type {string} */ word) => word.startsWith('--'));

/**
 * Starts it, and waits until it answers.
 *
 * @param {Readonly<Record<string, string>>} env beyond what this process has
 */
export async function startApplication(env) {
  return startServer(applicationServer(env, await freePort()));
}

/**
 * How it is started.
 *
 * @param {Readonly<Record<string, string>>} env beyond what this process has
 * @param {number} port
 * @returns {import('./server.js').ServerOptions}
 */
export function applicationServer(env, port) {
  return {
    name: 'Gatehouse',
    args: [...FLAGS, 'dist/src/main.js'],
    env: { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
    port,
    path: '/health/live',
  };
}
