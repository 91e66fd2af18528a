// What a guarded request costs, here and elsewhere: every contender verifies a token and asks PostgreSQL whether its
// session still counts. All run at once, each as one process with ten connections, and are driven in turns.
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import pg from 'pg';
import { check } from './guarded-request/check.js';
import { LoadGenerator } from './guarded-request/load.js';
import { ensurePackages } from './guarded-request/packages.js';
import { HOW_TO_INSTALL, pythonVersions } from './guarded-request/python.js';
import { publish } from './guarded-request/report.js';
import { choosePorts, withServers } from './guarded-request/servers.js';
import { askersOf, draw, fill } from './guarded-request/sessions.js';
import { takeTurns } from './guarded-request/turns.js';
import { withDatabase } from './support/database.js';
import { aborted } from './support/instance.js';

export { parse } from './guarded-request/options.js';

/** How many different ones ask. */
const TOKENS = 1_000;
/** How many of them each contender is checked with. */
const CHECKED = 20;
/** From this load of the machine on, others take too much of what is measured. */
const BUSY = 0.5;

/**
 * @param {AbortSignal} signal @param {import('./guarded-request/options.js').Options} options
 * @returns {Promise<boolean>} whether the promises were kept
 */
export async function bench(signal, options) {
  const [python, generator] = await Promise.all([pythonVersions(), LoadGenerator.find()]);
  const skipped = options.only.filter(({ needs }) => needs === 'python' && !python);
  const contenders = options.only.filter((contender) => !skipped.includes(contender));
  for (const { name } of skipped) console.log(`${name} is skipped. It needs: ${HOW_TO_INSTALL}`);
  if (!generator.wrk) console.log('wrk is missing: autocannon takes its place.');
  if (!generator.wrk || contenders.some(({ needs }) => needs === 'npm')) await ensurePackages(signal);
  const load = Number(loadavg()[0]?.toFixed(1));
  if (load > BUSY) console.log(`The machine is busy already (load ${load}): the figures will mean little.`);
  const { turns, postgres } = await compare(contenders, generator, options, signal);
  const versions = { postgres, python, generator: generator.name };
  return publish({ contenders, skipped, turns, versions, load, options });
}

/**
 * Fills a database, starts the contenders, and drives them in turns.
 *
 * @param {readonly import('./guarded-request/contenders.js').Contender[]} contenders
 * @param {LoadGenerator} generator
 * @param {import('./guarded-request/options.js').Options} options
 * @param {AbortSignal} signal
 */
export async function compare(contenders, generator, options, signal) {
  const ports = await choosePorts(contenders, options.port);
  const secret = randomBytes(48).toString('base64');
  const tokens = { JWT_SECRET: secret, JWT_ISSUER: 'gatehouse', JWT_AUDIENCE: 'gatehouse' };
  Object.assign(process.env, { NODE_ENV: 'production', ...tokens });
  return withDatabase(async (databaseUrl) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    pool.on('error', () => undefined);
    const measured = measure({ contenders, ports, generator, secret, databaseUrl, pool, options }, signal).finally(() =>
      pool.end(),
    );
    return Promise.race([measured, aborted(signal)]);
  });
}

/**
 * @param {object} plan
 * @param {readonly import('./guarded-request/contenders.js').Contender[]} plan.contenders
 * @param {ReadonlyMap<string, number>} plan.ports
 * @param {LoadGenerator} plan.generator
 * @param {string} plan.secret
 * @param {string} plan.databaseUrl
 * @param {pg.Pool} plan.pool
 * @param {import('./guarded-request/options.js').Options} plan.options
 * @param {AbortSignal} signal
 */
async function measure({ contenders, ports, generator, secret, databaseUrl, pool, options }, signal) {
  const { sessions } = options;
  console.log(`Filling the database: ${sessions.toLocaleString('en')} sessions …`);
  await fill(pool, sessions, Math.floor(sessions / 10));
  const drawn = await draw(pool, TOKENS + contenders.length);
  const askers = await askersOf(drawn, secret);
  // Every token of one key has the same header.
  process.env['JWT_HEADER'] = askers[0]?.Authorization.slice('Bearer '.length).split('.')[0];
  console.log('Starting and checking the contenders …');
  for (const { prepare } of contenders) {
    signal.throwIfAborted();
    await prepare?.(databaseUrl, signal);
  }
  await pool.query('CHECKPOINT');
  const { rows } = await pool.query('SHOW server_version');
  const turns = await withServers(contenders, ports, signal, async (urls) => {
    const revoke = (/** @type {string} */ sql, /** @type {string} */ id) => pool.query(sql, [id]);
    const revocable = askers.splice(TOKENS);
    for (const [index, contender] of contenders.entries()) {
      const cases = { askers: askers.slice(0, CHECKED), revoked: revocable.slice(index, index + 1), revoke };
      await check(contender, urls.get(contender.name) ?? '', cases);
    }
    return takeTurns({ contenders, urls, askers, generator, options }, signal);
  });
  return { turns, postgres: /** @type {string} */ (rows[0].server_version) };
}
