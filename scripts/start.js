// npm start: everything that a fresh checkout needs, in one command. Ctrl-C ends all of it.
import { config as loadEnvFile } from 'dotenv';
import { build, isBuilt } from './build.js';
import { checkedConfig } from './checked-config.js';
import { withEnvironment } from './development.js';
import { migrate } from './migrate.js';
import { choosePort } from './port.js';
import { runApplication } from './application.js';
import { ensureFirstAdmin } from './first-admin.js';
import { runMain } from './run.js';

/**
 * Says what is being done, and then how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function step(what, work) {
  process.stdout.write(`  ${what} … `);
  const start = performance.now();
  try {
    const result = await work();
    console.log(seconds(start));
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}

/** How long ago that was. @param {number} start */
function seconds(start) {
  return `${((performance.now() - start) / 1_000).toFixed(1)} s`;
}

runMain(async () => {
  loadEnvFile({ quiet: true });
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      'npm start is for development: it migrates and may start a database. Production runs npm run start:prod.',
    );
  }
  console.log('Gatehouse');
  if (!isBuilt()) await step('build', () => build());
  process.stdout.write('  database … ');
  const start = performance.now();
  return withEnvironment(async ({ state, signal }) => {
    console.log(state ? `embedded PostgreSQL, ${seconds(start)}` : 'as DATABASE_URL says');
    const { http } = await checkedConfig();
    await step('migrations', async () => {
      const code = await migrate(['migration:run'], { quiet: true, signal });
      if (code !== 0) throw new Error('The migrations failed.');
    });
    const hasDrawnAdmin = state !== null && (await step('first admin', () => ensureFirstAdmin(state, signal)));
    const port = await choosePort(http, signal);
    return runApplication({
      host: http.host,
      port,
      state,
      hasDrawnAdmin,
      signal,
      watch: process.argv.includes('--watch'),
    });
  });
});
