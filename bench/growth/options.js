// What may be said on the command line.
import { Command, InvalidArgumentError } from 'commander';

/**
 * @typedef {object} Options
 * @property {readonly number[]} sizes how many sessions each database holds, from the smallest to the largest
 * @property {number} rounds
 * @property {number} seconds of each turn
 * @property {boolean} write whether docs/performance.md is written anew
 */

const [LEAST, MOST] = [1_000, 100_000_000];

/** @param {readonly string[]} args @returns {Options} */
export function parse(args) {
  return new Command('npm run bench -- growth')
    .description('Looks at every query on databases of growing sizes, and writes what it finds to docs/performance.md.')
    .allowExcessArguments(false)
    .option('--sizes <n,n>', 'how many sessions, of a tenth as many users', sizes, [10_000, 1_000_000])
    .option('--rounds <n>', 'how often each database has its turn at the guarded request', integer, 15)
    .option('--seconds <n>', 'how long a turn is', integer, 3)
    .option('--no-write', 'leave docs/performance.md as it is')
    .parse(args, { from: 'user' })
    .opts();
}

/** @param {string} value */
function integer(value) {
  if (/^[1-9]\d{0,4}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

/** @param {string} value */
function sizes(value) {
  const numbers = value.split(',').map(Number);
  const areGood = numbers.every((size, index) => Number.isInteger(size) && size > (numbers[index - 1] ?? LEAST - 1));
  if (areGood && Math.max(...numbers) <= MOST && numbers.length > 1) return numbers;
  throw new InvalidArgumentError(`It must be two or more whole numbers from ${LEAST} to ${MOST}, each above the last.`);
}
