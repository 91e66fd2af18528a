// What may be said on the command line.
import { Command, InvalidArgumentError, Option } from 'commander';
import { CONTENDERS } from './contenders.js';

/**
 * @typedef {object} Options
 * @property {number} sessions
 * @property {number} rounds
 * @property {number} seconds of each turn
 * @property {number} connections
 * @property {number} [port] the first one
 * @property {readonly import('./contenders.js').Contender[]} only
 * @property {string} out a folder
 */

/**
 * Reads the options; a wrong one ends the process with one line before anything has started.
 *
 * @param {readonly string[]} args
 * @returns {Options}
 */
export function parse(args) {
  return new Command('npm run bench --')
    .description('Measures the guarded request against its alternatives. `npm run bench -- <name>` runs another bench.')
    .allowExcessArguments(false)
    .option(
      '--sessions <n>',
      'how many sessions the database holds, of a tenth as many users',
      integer(2_000),
      1_000_000,
    )
    .option('--rounds <n>', 'how often everyone has its turn', integer(1), 5)
    .option('--seconds <n>', 'how long a turn is', integer(1), 8)
    .option('--connections <n>', 'how many connections ask at once', integer(1), 64)
    .option('--port <first>', 'where the contenders listen, from here on; free ports by default', integer(1, 65_000))
    .addOption(
      new Option('--only <names>', `some of ${CONTENDERS.map(({ name }) => name).join(',')}`)
        .argParser(chosen)
        .default(CONTENDERS, 'all'),
    )
    .option('--out <folder>', 'where the report goes', 'docs/benchmarks')
    .parse(args, { from: 'user' })
    .opts();
}

/** @param {number} least @param {number} [most] */
function integer(least, most = 100_000_000) {
  return (/** @type {string} */ value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** @param {string} value */
function chosen(value) {
  const names = value.split(',');
  const unknown = names.find((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no contender "${unknown}".`);
  return CONTENDERS.filter(({ name }) => names.includes(name));
}
