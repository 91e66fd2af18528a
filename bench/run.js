// npm run bench -- <name>: measures the built application; what needs a database gets one of its own.
import { readdirSync } from 'node:fs';
import { ensureBuilt } from '../scripts/build.js';
import { interruptible, runMain } from '../scripts/run.js';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.js') && file !== 'run.js')
  .map((file) => file.replace('.js', ''));
const [name = ''] = process.argv.slice(2);

runMain(async () => {
  if (!names.includes(name)) throw new Error(`Usage: npm run bench -- <${names.join('|')}>`);
  await ensureBuilt();
  /** @type {{ bench: (signal: AbortSignal) => Promise<boolean | void> }} false where a promise was not kept */
  const { bench } = await import(`./${name}.js`);
  return (await interruptible(bench)) === false ? 1 : 0;
});
