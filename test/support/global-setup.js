// One PostgreSQL for the run: a cluster in a temporary folder, and in it a migrated template for every database.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../../scripts/build.js';
import { migrate } from '../../scripts/migrate.js';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';

export default async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  await chmod(folder, 0o755);
  // Nothing here outlives the run, so nothing waits for a disk.
  const flags = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];
  const cluster = await startCluster(
    { folder: join(folder, 'postgres'), password: newPassword() },
    { flags, detached: false },
  );
  try {
    await ensureBuilt();
    await execute(cluster.url, 'CREATE DATABASE gatehouse_template');
    await migrateTemplate(databaseUrl(cluster.url, 'gatehouse_template'));
  } catch (error) {
    // Jest tears nothing down when its set-up fails.
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  process.env['TEST_CLUSTER_URL'] = cluster.url;
  globalThis.stopTestCluster = cluster.stop;
  globalThis.testFolder = folder;
}

/** @param {string} url */
async function migrateTemplate(url) {
  const before = process.env['DATABASE_URL'];
  process.env['DATABASE_URL'] = url;
  const code = await migrate(['migration:run'], { quiet: true });
  if (before === undefined) delete process.env['DATABASE_URL'];
  else process.env['DATABASE_URL'] = before;
  if (code !== 0) throw new Error('The template database could not be migrated.');
}
