// What a checkout needs to run before anybody has configured it: a database, and a secret of its own.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { config as loadEnvFile } from 'dotenv';
import { databaseUrl, execute, newPassword } from './postgres-client.js';
import { startCluster } from './postgres.js';
import { interruptible } from './run.js';

/**
 * @typedef {{ databasePassword: string, jwtSecret: string, adminEmail: string, adminPassword: string }} State
 * Drawn at the first start, kept for the next ones.
 */

const DATA = '.data';
const STATE = join(DATA, 'development.json');
/** What is prepared where somebody has configured the environment already. */
const NOTHING = { state: null, stop: async () => undefined };

/**
 * Does work with an environment that names a database and a secret. Where neither the environment nor `.env` names
 * a database, that is an embedded one under `.data/`, started for the work, or found running. However the work
 * ends, what was started for it is stopped.
 *
 * @template T
 * @param {(environment: { state: State | null, signal: AbortSignal }) => Promise<T>} work `state` is null with a
 *   database of one's own; `signal` tells of Ctrl-C
 * @returns {Promise<T>}
 */
export function withEnvironment(work) {
  return interruptible(async (signal) => {
    const { state, stop } = await prepareEnvironment();
    try {
      signal.throwIfAborted();
      return await work({ state, signal });
    } finally {
      await stop();
    }
  });
}

/** For a command that needs the settings but no database: the secret that was drawn, where there is one. */
export async function useDrawnSecret() {
  if (process.env['NODE_ENV'] === 'production') return;
  loadEnvFile({ quiet: true });
  if (!process.env['DATABASE_URL'] && existsSync(STATE)) process.env['JWT_SECRET'] ||= (await readState()).jwtSecret;
}

/** @returns {Promise<{ state: State | null, stop: () => Promise<void> }>} */
async function prepareEnvironment() {
  if (process.env['NODE_ENV'] === 'production') return NOTHING;
  loadEnvFile({ quiet: true });
  if (process.env['DATABASE_URL']) return NOTHING;
  const state = await readState();
  const cluster = await startCluster({ folder: join(DATA, 'postgres'), password: state.databasePassword });
  process.env['DATABASE_URL'] = databaseUrl(cluster.url, 'gatehouse');
  process.env['JWT_SECRET'] ||= state.jwtSecret;
  try {
    await execute(cluster.url, 'CREATE DATABASE gatehouse');
  } catch (error) {
    // It is there already (duplicate_database), or was made just now by another command (unique_violation).
    if (!['42P04', '23505'].includes(/** @type {{ code?: string }} */ (error).code ?? '')) {
      await cluster.stop();
      throw error;
    }
  }
  return { state, stop: cluster.stop };
}

/** @returns {Promise<State>} */
async function readState() {
  if (existsSync(STATE)) return JSON.parse(await readFile(STATE, 'utf8'));
  const state = {
    databasePassword: newPassword(),
    jwtSecret: randomBytes(48).toString('base64'),
    adminEmail: 'admin@example.com',
    adminPassword: newPassword(),
  };
  await mkdir(DATA, { recursive: true, mode: 0o755 });
  try {
    await writeFile(STATE, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    return state;
  } catch (error) {
    // Another command was first.
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return readState();
    throw error;
  }
}
