// What becomes of every query as the tables grow: its plan, the rows and pages that it reads, and what the guarded
// request costs.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { LoadGenerator } from './guarded-request/load.js';
import { explain } from './growth/explain.js';
import { fill } from './growth/fill.js';
import { guardedTurns } from './growth/guarded.js';
import { EXCEPTIONS } from './growth/judge.js';
import { purposeOf } from './growth/purposes.js';
import { publish } from './growth/report.js';
import { keysWithoutIndex, lookups, plainIndexes, wholeInGeneric } from './growth/schema.js';
import { addDatabase, withCluster } from './support/database.js';
import { aborted } from './support/instance.js';

export { parse } from './growth/options.js';

/**
 * @param {AbortSignal} signal @param {import('./growth/options.js').Options} options
 * @returns {Promise<boolean>} whether all promises were kept
 */
export async function bench(signal, options) {
  const secret = randomBytes(48).toString('base64');
  Object.assign(process.env, {
    NODE_ENV: 'production',
    JWT_SECRET: secret,
    JWT_ISSUER: 'gatehouse',
    JWT_AUDIENCE: 'gatehouse',
  });
  /** @type {pg.Pool[]} */
  const pools = [];
  return withCluster((cluster) => {
    const measured = measure(cluster, pools, options, secret, signal).finally(() =>
      Promise.all(pools.map((pool) => pool.end())),
    );
    return Promise.race([measured, aborted(signal)]);
  });
}

/**
 * @param {import('./support/database.js').Cluster} cluster @param {pg.Pool[]} pools that end with the bench
 * @param {import('./growth/options.js').Options} options @param {string} secret @param {AbortSignal} signal
 */
async function measure(cluster, pools, options, secret, signal) {
  const generator = await LoadGenerator.wrk();
  const databases = [];
  for (const size of options.sizes) {
    const url = await addDatabase(cluster, `gatehouse_${size}`);
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    pool.on('error', () => undefined);
    pools.push(pool);
    console.log(`Filling a database: ${size.toLocaleString('en')} sessions …`);
    await fill(pool, size);
    databases.push({ size, url, pool });
    signal.throwIfAborted();
  }
  await pools[0]?.query('CHECKPOINT');
  console.log('Guarded requests, in turns …');
  const turns = await guardedTurns(generator, databases, cluster.pid, options, secret, signal);
  const sized = [];
  for (const { size, url, pool } of databases) {
    console.log(`Every route, with ${size.toLocaleString('en')} sessions …`);
    const explained = await explain({ size, url, pool });
    const guard = [...explained.calls.values()].flat().find(({ text }) => purposeOf(text).startsWith('the guards'));
    sized.push({ size, ...explained, lookups: await lookups(pool, guard?.text ?? '') });
    signal.throwIfAborted();
  }
  const largest = /** @type {pg.Pool} */ (pools.at(-1));
  const texts = new Set(
    sized.flatMap(({ calls, extras }) => [...calls.values(), ...extras.values()].flat()).map(({ text }) => text),
  );
  const generic = [];
  for (const text of texts) {
    const isBad = (await wholeInGeneric(largest, text)).length > 0 && !EXCEPTIONS[purposeOf(text)];
    if (isBad) generic.push(purposeOf(text));
  }
  const [indexes, without] = [await plainIndexes(largest), await keysWithoutIndex(largest)];
  return publish({ turns, sized, indexes, keysWithoutIndex: without, generic }, options);
}
