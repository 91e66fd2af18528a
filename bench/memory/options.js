// What may be said on the command line.
import { Command, InvalidArgumentError } from 'commander';

/**
 * @typedef {object} Options
 * @property {number} minutes
 * @property {number} sessions
 * @property {string} out a folder
 */

/** @param {readonly string[]} args @returns {Options} */
export function parse(args) {
  return new Command('npm run bench -- memory')
    .description("Watches the application's resident memory under load, and draws it.")
    .allowExcessArguments(false)
    .option('--minutes <n>', 'how long', from(1, 1_440), 30)
    .option('--sessions <n>', 'how many sessions the database holds', from(2_000, 10_000_000), 100_000)
    .option('--out <folder>', 'where the plot goes', 'docs/benchmarks')
    .parse(args, { from: 'user' })
    .opts();
}

/** @param {number} least @param {number} most */
function from(least, most) {
  return (/** @type {string} */ value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
