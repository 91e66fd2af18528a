// What all turns say together.
import { quantile } from '../support/client.js';

/**
 * @typedef {import('./load.js').Turn} Turn
 * @typedef {import('./contenders.js').Contender} Contender
 *
 * @typedef {object} Row a contender's figures: requests per second, and milliseconds
 * @property {string} name
 * @property {string} what
 * @property {number} rps the median of all rounds, as all that follows
 * @property {number} least
 * @property {number} most
 * @property {number} p50
 * @property {number} p99
 * @property {number | null} ratio how many times as fast Gatehouse is
 * @property {readonly Turn[]} rounds
 */

const OURS = 'gatehouse';

/**
 * @param {readonly Contender[]} contenders @param {ReadonlyMap<string, readonly Turn[]>} turns
 * @returns {Row[]}
 */
export function summarize(contenders, turns) {
  const medianOf = (/** @type {string} */ name, /** @type {'rps' | 'p50' | 'p99'} */ figure) =>
    median((turns.get(name) ?? []).map((turn) => turn[figure]));
  return contenders.map(({ name, what }) => {
    const rounds = turns.get(name) ?? [];
    const all = rounds.map(({ rps }) => rps);
    const rps = medianOf(name, 'rps');
    return {
      name,
      what,
      rps: Math.round(rps),
      least: Math.round(Math.min(...all)),
      most: Math.round(Math.max(...all)),
      p50: rounded(medianOf(name, 'p50')),
      p99: rounded(medianOf(name, 'p99')),
      ratio: turns.has(OURS) ? rounded(medianOf(OURS, 'rps') / rps) : null,
      rounds,
    };
  });
}

/** How many times as fast Gatehouse has to be, at least. @type {Readonly<Record<string, number>>} */
const PROMISED = {
  'nest-usual': 15,
  'better-auth': 15,
  fastapi: 12,
  'bare-node-prepared': 1.2,
  'health-live': 0.5,
};
const MOST_P99 = 3;

/**
 * What was promised of the contenders that were measured, and whether it is so.
 *
 * @param {readonly Row[]} rows
 * @returns {{ sentence: string, isKept: boolean }[]}
 */
export function judge(rows) {
  const ours = rows.find(({ name }) => name === OURS);
  if (!ours) return [];
  const ratios = rows.flatMap(({ name, ratio }) => {
    const least = PROMISED[name];
    if (least === undefined || ratio === null) return [];
    return [{ sentence: `${ratio} times ${name} (at least ${least})`, isKept: ratio >= least }];
  });
  const spread = rounded(ours.p99 / ours.p50);
  return [...ratios, { sentence: `p99 is ${spread} times p50 (at most ${MOST_P99})`, isKept: spread <= MOST_P99 }];
}

/** Of an even number, the mean of the two in the middle. @param {readonly number[]} values */
function median(values) {
  const reversed = values.map((value) => -value);
  return (quantile(values, 0.5) - quantile(reversed, 0.5)) / 2;
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(4));
