// Measures how much more requests cost as the tables grow: the pages that PostgreSQL reads for each route and list, and
// the processor time of a guarded request.
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { fill } from './growth/fill.js';
import { lists, pagesOf } from './growth/lists.js';
import { GrowthWorld } from './growth/world.js';
import { nameOf, ROUTE_CALLS } from './routes/calls.js';
import { withPostgres } from './support/postgres.js';
import { cpuSeconds } from './support/processors.js';
import { median, rounded, verdict, wholeNumber } from './support/report.js';
import { withGatehousePerDatabase } from './support/server.js';
import { writeTokens } from './support/sessions.js';
import { inTurns } from './support/turns.js';
import { drive, requireWrk } from './support/wrk.js';

const CONNECTIONS = 64;
const TRIES = 3;
const MAX_CPU_GROWTH = 1.1;
/** An index gets a level deeper now and then. Reading a whole table exceeds this by far. */
const maxPages = (/** @type {number} */ before) => 1.5 * before + 10;
/** A search for a rare text may read the whole table. docs/performance.md has the reason. */
const MAY_READ_ALL = /search=person-77/;

/**
 * @typedef {{ sizes: number[], rounds: number, seconds: number }} Options
 * @typedef {{ name: string, url: string, pid: number, pool: import('pg').Pool }} Instance a database and an application
 */

export const command = new Command('growth')
  .description('Measures the guarded request, every route and the lists with small and large tables. Needs Linux.')
  .option('--sizes <n,n>', 'sessions in the databases, ten for each user', parseSizes, [10_000, 1_000_000])
  .option('--rounds <n>', 'how often the guarded request is measured with each database', wholeNumber(1), 15)
  .option('--seconds <n>', 'how long each measurement takes', wholeNumber(1), 3);

/** @param {string} value @returns {number[]} */
function parseSizes(value) {
  const sizes = value.split(',').map(wholeNumber(5_000));
  if (sizes.length > 1 && sizes.every((size, index) => size > (sizes[index - 1] ?? 0))) return sizes;
  throw new InvalidArgumentError('Give at least two numbers, the smallest first.');
}

/** @param {Options} options @param {AbortSignal} signal */
export async function run(options, signal) {
  await requireWrk();
  const work = async (/** @type {import('./support/postgres.js').Postgres} */ postgres) => {
    /** @type {{ name: string, url: string, pool: import('pg').Pool }[]} */
    const databases = [];
    for (const size of options.sizes) {
      const { url, pool } = await postgres.createDatabase(`gatehouse_${size}`);
      await fill(pool, size);
      databases.push({ name: `${size.toLocaleString('en')} sessions`, url, pool });
    }
    await databases[0]?.pool.query('CHECKPOINT');
    return withGatehousePerDatabase(databases, signal, async (instances) => {
      const isGuardedFlat = await measureGuarded(instances, postgres, options, signal);
      return (await measurePages(instances)) && isGuardedFlat;
    });
  };
  return withPostgres(signal, work, ['shared_preload_libraries=pg_stat_statements']);
}

/**
 * @param {readonly Instance[]} instances @param {import('./support/postgres.js').Postgres} postgres @param {Options} options
 * @param {AbortSignal} signal
 */
async function measureGuarded(instances, postgres, { rounds, seconds }, signal) {
  for (const { name, pool, url } of instances) await writeTokens(pool, url, join(postgres.folder, name));
  const turns = await inTurns(instances, rounds, async ({ name, url, pid }) => {
    const used = () => cpuSeconds(pid) + cpuSeconds(postgres.pid);
    const before = used();
    const load = {
      url: `${url}/users/me`,
      file: join(postgres.folder, name),
      connections: CONNECTIONS,
      seconds,
    };
    const { rps } = await drive(name, load, signal);
    return { rps, microseconds: ((used() - before) / (rps * seconds)) * 1e6 };
  });
  const rows = [...turns].map(([name, all]) => {
    const times = all.map(({ microseconds }) => microseconds);
    return {
      'guarded request': name,
      'requests/s': Math.round(median(all.map(({ rps }) => rps))),
      'processor time, median µs': rounded(median(times)),
      // Other programs only add processor time, so the least is the most exact.
      'least µs': rounded(Math.min(...times)),
    };
  });
  console.table(rows);
  const growth = Number(rows.at(-1)?.['least µs']) / Number(rows[0]?.['least µs']);
  const percent = ((growth - 1) * 100).toFixed(1);
  return verdict(growth <= MAX_CPU_GROWTH, `a guarded request takes ${percent} % more processor time (at most 10 %)`);
}

/** @param {readonly Instance[]} instances */
async function measurePages(instances) {
  /** @type {Record<string, Record<string, number>>} pages of each route at each size */
  const routes = {};
  /** @type {Record<string, Record<string, number>>} */
  const listed = {};
  for (const { name: size, pool, url } of instances) {
    console.log(`Requesting every route with ${size} …`);
    const world = await GrowthWorld.create(url, pool);
    const busy = await world.signedIn('admin');
    for (const call of ROUTE_CALLS) {
      const tries = [];
      for (let count = 0; count < TRIES; count += 1) tries.push(await world.pagesOf(await call.prepare(world)));
      (routes[nameOf(call)] ??= {})[size] = median(tries);
    }
    for (const list of lists(busy.id)) {
      const [first, far, numberOfFar] = await pagesOf(pool, list);
      const at = (/** @type {string} */ path) => world.pagesOf({ method: 'get', path, accessToken: busy.accessToken });
      const row = (listed[`GET ${list.path.replace(busy.id, '(busy)')}`] ??= {});
      row[size] = await at(first);
      if (size === instances.at(-1)?.name) Object.assign(row, { 'far page': await at(far), 'its number': numberOfFar });
    }
  }
  console.log('Pages that PostgreSQL reads for a request:');
  console.table(routes);
  console.table(listed);
  const [least = '', most = ''] = [instances[0]?.name, instances.at(-1)?.name];
  const exceeding = (/** @type {typeof routes} */ rows, /** @type {string} */ before, /** @type {string} */ after) =>
    Object.keys(rows).filter(
      (name) => !MAY_READ_ALL.test(name) && Number(rows[name]?.[after]) > maxPages(Number(rows[name]?.[before])),
    );
  const grown = exceeding({ ...routes, ...listed }, least, most);
  const steep = exceeding(listed, most, 'far page');
  const areFlat = verdict(grown.length === 0, `no request reads more pages from larger tables ${grown.join(', ')}`);
  return verdict(steep.length === 0, `no list reads more pages for a far page ${steep.join(', ')}`) && areFlat;
}
