// Options of the benchmarks, and figures of their results.
import { InvalidArgumentError } from 'commander';

/**
 * Returns a parser of whole numbers.
 *
 * @param {number} least @param {number} [most]
 * @returns {(value: string) => number}
 */
export function wholeNumber(least, most = 100_000_000) {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Returns the value below which this part (0 to 1) of all values lies. @param {readonly number[]} values @param {number} part */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** @param {readonly number[]} values @returns {number} of an even number of values, the mean of the two in the middle */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (Number(sorted[Math.floor(middle)]) + Number(sorted[Math.ceil(middle)])) / 2;
}

/** @param {number} value @returns {number} with four significant digits */
export const rounded = (value) => Number(value.toPrecision(4));

/** Prints whether a limit is met. @param {boolean} isMet @param {string} sentence @returns {boolean} `isMet` */
export function verdict(isMet, sentence) {
  console.log(`${isMet ? 'OK    ' : 'FAILED'}  ${sentence}`);
  return isMet;
}
