// npm start: runs everything that a fresh checkout needs. Ctrl-C stops all of it.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { config as loadEnvFile } from 'dotenv';
import { runApplication } from './application.js';
import { build, isBuilt } from './build.js';
import { readConfig, withEnvironment } from './environment.js';
import { ensureFirstAdmin } from './first-admin.js';
import { migrate } from './migrate.js';
import { runMain } from './run.js';

/** @typedef {import('./environment.js').Embedded} Embedded */

runMain(async () => {
  loadEnvFile({ quiet: true });
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      'npm start is for development: it runs migrations and may start a database. In production, use npm run start:prod.',
    );
  }
  console.log('Gatehouse');
  if (!isBuilt()) await step('build', () => build());
  process.stdout.write('  database … ');
  const start = performance.now();
  return withEnvironment(async ({ embedded, signal }) => {
    console.log(embedded ? `embedded PostgreSQL, ${secondsSince(start)}` : 'DATABASE_URL');
    const { http } = await readConfig();
    await step('migrations', async () => {
      const code = await migrate(['migration:run'], { quiet: true, signal });
      if (code !== 0) throw new Error('The migrations failed.');
    });
    const admin = embedded && (await step('first admin', () => ensureFirstAdmin(embedded.state, signal)));
    const port = await choosePort(http, signal);
    const args = process.argv.slice(2);
    const watch = args.includes('--watch');
    const rest = args.filter((arg) => arg !== '--watch');
    return runApplication({ ...http, port, signal, watch, args: rest }, (url) => {
      console.log(`\n  ${url}\n  ${url}/docs\n\n  For the commands in README.md: BASE=${url}\n`);
      if (admin) console.log(`${admin}\n`);
      console.log(`  Ctrl-C stops everything.${embedded ? ` Data is kept in ${dataFolders(embedded)}.` : ''}\n`);
    });
  });
});

/** Returns where the data is: outside the checkout if PostgreSQL cannot enter it. @param {Embedded} embedded */
function dataFolders({ folder }) {
  return folder.startsWith(join(process.cwd(), sep)) ? '.data/' : `.data/ and ${folder}`;
}

/**
 * Prints the name of a step and how long it took.
 *
 * @template T
 * @param {string} name @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function step(name, work) {
  process.stdout.write(`  ${name} … `);
  const start = performance.now();
  try {
    const result = await work();
    console.log(secondsSince(start));
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}

/** @param {number} start */
function secondsSince(start) {
  return `${((performance.now() - start) / 1_000).toFixed(1)} s`;
}

/**
 * Returns the configured port, or the next free one if it is in use. Asks first if there is a terminal.
 *
 * @param {{ host: string, port: number }} http @param {AbortSignal} signal
 * @returns {Promise<number>}
 */
async function choosePort({ host, port }, signal) {
  if (await isFree(port, host)) return port;
  let next = port + 1;
  while (next < 65_535 && !(await isFree(next, host))) next += 1;
  console.log(`  Port ${port} is in use. The next free port is ${next}.`);
  if (!process.stdin.isTTY) return next;
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`  Use ${next} instead? [Y/n] `, { signal }).finally(() => prompt.close());
  if (/^n/i.test(answer)) throw new Error(`Port ${port} is in use. To choose another one: PORT=${next} npm start`);
  return next;
}

/** @param {number} port @param {string} host @returns {Promise<boolean>} */
async function isFree(port, host) {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error;
    return false;
  } finally {
    server.close();
  }
}
