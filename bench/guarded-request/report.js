// The medians of all rounds, compared with Gatehouse.
import { median, rounded, verdict } from '../support/report.js';

const MAX_P99_PER_P50 = 3;

/**
 * Prints the result.
 *
 * @param {readonly import('./contenders.js').Contender[]} contenders
 * @param {ReadonlyMap<string, readonly (import('../support/wrk.js').Turn & { microseconds: number })[]>} turns with the
 *   processor time of a request
 * @returns whether it is within the limits, and the figures
 */
export function report(contenders, turns) {
  const rows = contenders.map(({ name, leastRatio, mostRatio }) => {
    const rounds = turns.get(name) ?? [];
    const medianOf = (/** @type {'rps' | 'p50' | 'p99'} */ figure, of = rounds) =>
      median(of.map((turn) => turn[figure]));
    const rates = rounds.map(({ rps }) => Math.round(rps));
    const ratio = rounded(medianOf('rps', [...(turns.get('gatehouse') ?? [])]) / medianOf('rps'));
    return {
      name,
      rps: Math.round(medianOf('rps')),
      least: Math.min(...rates),
      most: Math.max(...rates),
      p50: rounded(medianOf('p50')),
      p99: rounded(medianOf('p99')),
      // Other programs on the machine hardly affect the least processor time.
      microseconds: Math.min(...rounds.map(({ microseconds }) => microseconds)),
      ratio,
      leastRatio,
      mostRatio,
      rounds,
    };
  });
  console.table(
    rows.map(({ name, rps, least, most, p50, p99, microseconds, ratio }) => ({
      ...{ name, 'requests/s': rps, least, most, 'p50 ms': p50, 'p99 ms': p99, 'least CPU µs': microseconds },
      'Gatehouse is … times as fast': ratio,
    })),
  );
  const verdicts = rows.flatMap(({ name, p50, p99, ratio, leastRatio, mostRatio }) => {
    const spread = rounded(p99 / p50);
    const isSteady = spread <= MAX_P99_PER_P50;
    if (name === 'gatehouse') return verdict(isSteady, `p99 is ${spread} times p50 (at most ${MAX_P99_PER_P50})`);
    // Without Gatehouse in the run, the ratio is not a number.
    if (Number.isNaN(ratio)) return [];
    if (mostRatio !== undefined)
      return verdict(ratio <= mostRatio, `${ratio} times as fast as ${name} (at most ${mostRatio})`);
    if (leastRatio === undefined) return [];
    return verdict(ratio >= leastRatio, `${ratio} times as fast as ${name} (at least ${leastRatio})`);
  });
  return { passed: verdicts.every(Boolean), rows };
}
