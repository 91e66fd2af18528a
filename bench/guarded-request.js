// Compares the guarded request with its alternatives. Each contender verifies a token and looks up the session in
// PostgreSQL, in one process with ten database connections.
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { check } from './guarded-request/check.js';
import { CONTENDERS, METRICS, otherBuild } from './guarded-request/contenders.js';
import { ensureNpmPackages, INSTALL_PYTHON, pythonVersions, versionsOf } from './guarded-request/packages.js';
import { report } from './guarded-request/report.js';
import { withPostgres } from './support/postgres.js';
import { cpuSeconds } from './support/processors.js';
import { wholeNumber } from './support/report.js';
import { withGatehouse, withServers } from './support/server.js';
import { insertSessions, selectSessions, TOKENS, writeHeaders } from './support/sessions.js';
import { inTurns } from './support/turns.js';
import { drive, requireWrk } from './support/wrk.js';

/** How many callers each contender is checked with. */
const CHECKED = 20;
/** Connections are new in each turn, and the first requests on them are slow. */
const RUN_UP_SECONDS = 2;
const MAX_LOAD_BEFORE = 0.5;
const NAMES = CONTENDERS.map(({ name }) => name);

/**
 * @typedef {import('./guarded-request/contenders.js').Contender} Contender
 * @typedef {import('./guarded-request/check.js').Caller} Caller
 * @typedef {{ sessions: number, rounds: number, seconds: number, connections: number }} Load
 * @typedef {Load & { only?: string[], against?: string, metrics?: boolean, json?: string }} Options
 */

export const command = new Command('guarded-request')
  .description('Compares the guarded request with other servers, or with another build. The default. Needs Linux.')
  .option('--sessions <n>', 'sessions in the database, ten for each user', wholeNumber(2_000), 1_000_000)
  .option('--rounds <n>', 'how often each contender is measured', wholeNumber(1), 5)
  .option('--seconds <n>', 'how long each measurement takes', wholeNumber(1), 8)
  .option('--connections <n>', 'connections that send requests', wholeNumber(1), 64)
  .addOption(new Option('--only <names...>', 'measure only these; all by default').choices(NAMES))
  .option('--against <folder>', 'compare with the build in another checkout; without --only, only with that build')
  .option('--metrics', 'compare with the same build with METRICS_PORT; without --only, only with it')
  .option('--json <file>', 'write all figures and versions to a file');

/** @param {Options} options @param {AbortSignal} signal */
export async function run({ only, against, metrics, json, ...load }, signal) {
  const [wrk, python] = await Promise.all([requireWrk(), pythonVersions()]);
  const names = only ?? (against || metrics ? ['gatehouse'] : NAMES);
  const chosen = CONTENDERS.filter(({ name }) => names.includes(name));
  const contenders = chosen.filter(({ needs }) => needs !== 'python' || python);
  if (contenders.length < chosen.length) console.log(`Skipping fastapi. It needs: ${INSTALL_PYTHON}`);
  if (metrics) contenders.push(METRICS);
  if (against) contenders.push(otherBuild(against));
  const usesNpm = contenders.some(({ needs }) => needs === 'npm');
  if (usesNpm) await ensureNpmPackages(signal);
  const loadBefore = Number(loadavg()[0]?.toFixed(1));
  if (loadBefore > MAX_LOAD_BEFORE) console.log(`Other programs are running (load ${loadBefore}). Expect noise.`);
  const { turns, postgresql } = await measure(contenders, load, signal, against);
  const { passed, rows } = report(contenders, turns);
  const versions = {
    ...{ node: process.versions.node, postgresql, wrk },
    ...versionsOf(['@nestjs/core', 'express', 'passport-jwt', 'typeorm', 'pg']),
    ...(usesNpm && versionsOf(['better-auth'], 'bench')),
    ...(contenders.some(({ needs }) => needs === 'python') && python),
  };
  const machine = { processor: cpus()[0]?.model.trim(), processors: availableParallelism(), loadBefore };
  const figures = { date: new Date().toISOString().slice(0, 10), ...load, machine, versions, contenders: rows };
  if (json) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
  return passed;
}

/**
 * @param {readonly Contender[]} contenders @param {Load} load @param {AbortSignal} signal
 * @param {string} [issuer] the build that issues the tokens. An earlier one does not accept all tokens of this build.
 */
function measure(contenders, { sessions, rounds, seconds, connections }, signal, issuer) {
  return withPostgres(signal, async ({ folder, createDatabase }) => {
    const { url: databaseUrl, pool } = await createDatabase('gatehouse');
    await insertSessions(pool, sessions);
    const select = (/** @type {{ url: string }} */ { url }) => selectSessions(pool, url, TOKENS + contenders.length);
    const selected = await withGatehouse({}, signal, select, issuer);
    /** @type {Caller[]} */
    const callers = selected.map(({ token, ...ids }) => ({
      ...ids,
      Authorization: `Bearer ${token}`,
      Cookie: betterAuthCookie(ids.sessionId),
    }));
    const revocable = callers.splice(TOKENS);
    const headers = /** @type {const} */ (['Authorization', 'Cookie']);
    for (const header of headers) {
      const values = callers.map((caller) => caller[header]);
      await writeHeaders(join(folder, header), values);
    }
    for (const { prepare } of contenders) await prepare?.(databaseUrl, signal);
    await pool.query('CHECKPOINT');
    const { rows } = await pool.query('SHOW server_version');
    const starts = new Map(contenders.map(({ name, process = name, start }) => [process, start]));
    const turns = await withServers(starts, signal, async (servers) => {
      const serverOf = (/** @type {Contender} */ { name, process = name }) =>
        /** @type {typeof servers[0]} */ (servers.find((server) => server.name === process));
      const urlOf = (/** @type {Contender} */ contender) => serverOf(contender).url + contender.path;
      for (const [index, contender] of contenders.entries()) {
        await check(contender, urlOf(contender), {
          callers: callers.slice(0, CHECKED),
          revocable: /** @type {Caller} */ (revocable[index]),
          query: (sql, id) => pool.query(sql, [id]),
        });
      }
      return inTurns(contenders, rounds, async (contender) => {
        const { name, header, introspector } = contender;
        const load = {
          url: urlOf(contender),
          header,
          file: join(folder, header),
          introspector: introspector?.(),
          connections,
        };
        await drive(name, { ...load, seconds: RUN_UP_SECONDS }, signal);
        const before = cpuSeconds(serverOf(contender).pid);
        const turn = await drive(name, { ...load, seconds }, signal);
        const usedSeconds = cpuSeconds(serverOf(contender).pid) - before;
        return { ...turn, microseconds: Math.round((usedSeconds / (turn.rps * seconds)) * 1e6) };
      });
    });
    return { turns, postgresql: rows[0].server_version };
  });
}

/** Signs a cookie like better-auth does. @param {string} sessionId */
function betterAuthCookie(sessionId) {
  const token = sessionId.replaceAll('-', '');
  const signature = createHmac('sha256', process.env['JWT_SECRET'] ?? '').update(token);
  return `better-auth.session_token=${encodeURIComponent(`${token}.${signature.digest('base64')}`)}`;
}
