// npm run bench -- [name]: measures the built application; what needs a database gets one of its own.
import { readdirSync } from 'node:fs';
import { ensureBuilt } from '../scripts/build.js';
import { interruptible, runMain } from '../scripts/run.js';

const DEFAULT = 'guarded-request';
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.js') && file !== 'run.js')
  .map((file) => file.replace('.js', ''));
const args = process.argv.slice(2);
const name = args[0] === undefined || args[0].startsWith('-') ? DEFAULT : String(args.shift());

/**
 * @typedef {object} Bench
 * @property {(args: readonly string[]) => any} [parse] reads what is said beyond the name
 * @property {(signal: AbortSignal, options: any) => Promise<boolean | void>} bench false where a promise was not kept
 */

runMain(async () => {
  if (!names.includes(name)) throw new Error(`Usage: npm run bench -- [${names.join('|')}]`);
  /** @type {Bench} */
  const { parse, bench } = await import(`./${name}.js`);
  if (!parse && args.length > 0) throw new Error(`The bench ${name} takes no options.`);
  const options = parse?.(args);
  await ensureBuilt();
  return (await interruptible((signal) => untilInterrupted(signal, bench(signal, options)))) === false ? 1 : 0;
});

/** What fails because somebody interrupts is no failure. @template T @param {AbortSignal} signal @param {Promise<T>} work */
function untilInterrupted(signal, work) {
  return work.catch((error) => {
    throw signal.aborted ? signal.reason : error;
  });
}
