// The PostgreSQL server of a test run. It starts when a test first needs a database.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';
import { guardProcess } from './process-guard.js';

/**
 * @typedef {object} TestCluster
 * @property {number} port of this process: each connection to it gets `{ url }` or `{ error }` as JSON
 * @property {() => Promise<void>} stop
 */

/** The database that every test database is a copy of. */
export const TEMPLATE = 'gatehouse_template';
/** The folder of the binaries of the PostgreSQL to test with. Undefined for the embedded one. */
export const POSTGRES_BIN = process.env['TEST_POSTGRES_BIN'];
/** The data does not outlive the run, so the server never waits for the disk and writes as little as it can. */
const FLAGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_connections=300',
  // It would take locks, keep old row versions and change plans at random times.
  'autovacuum=off',
  // Each connection computes them, and the tests open thousands. Version 15 does not have this setting.
  ...(POSTGRES_BIN ? [] : ['scram_iterations=1']),
];
/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
const MIN_FREE_BYTES = 2 * 1024 ** 3;

/**
 * Serves the URL of one shared server to the workers of this run. The first request starts the server.
 *
 * @returns {Promise<TestCluster>}
 */
export async function serveTestCluster() {
  /** @type {ReturnType<typeof startTestCluster> | undefined} */
  let cluster;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    cluster ??= startTestCluster();
    cluster.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error) => socket.end(JSON.stringify({ error: String(error) })),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    await (await cluster?.catch(() => undefined))?.stop();
  };
  return { port: /** @type {import('node:net').AddressInfo} */ (server.address()).port, stop };
}

async function startTestCluster() {
  const folder = await mkdtemp(join(await parentFolder(), 'gatehouse-test-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    // PostgreSQL may run as another user, which must be able to enter the folder.
    await chmod(folder, 0o755);
    const cluster = { folder: join(folder, 'postgres'), password: newPassword() };
    const { url, pid, stop } = await startCluster(cluster, { flags: FLAGS, detached: false, bin: POSTGRES_BIN });
    const release = guardProcess(pid, { signal: 'SIGQUIT', folder });
    const stopAll = async () => {
      await stop();
      await removeFolder();
      release();
    };
    await prepare(url).catch(async (error) => {
      await stopAll();
      throw error;
    });
    return { url, stop: stopAll };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

/** Returns a folder in memory if it has enough space, because creating a database there takes a fifth of the time. */
async function parentFolder() {
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= MIN_FREE_BYTES ? MEMORY : tmpdir();
}

/** @param {string} url */
async function prepare(url) {
  const { username, password } = new URL(url);
  // `initdb` does not know the setting above.
  await execute(url, `ALTER ROLE ${username} PASSWORD '${password}'`, `CREATE DATABASE ${TEMPLATE}`);
  const cli = createRequire(import.meta.url).resolve('typeorm/cli.js');
  const args = [cli, 'migration:run', '--dataSource', 'dist/ormconfig.js'];
  await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, DATABASE_URL: databaseUrl(url, TEMPLATE) },
  });
}
