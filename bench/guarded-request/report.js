// The medians of all rounds, compared with Gatehouse.
import { median, rounded, verdict } from '../support/report.js';

const MAX_P99_PER_P50 = 3;

/**
 * Prints the result.
 *
 * @param {readonly import('./contenders.js').Contender[]} contenders
 * @param {ReadonlyMap<string, readonly import('../support/wrk.js').Turn[]>} turns
 * @returns whether it is within the limits, and the figures
 */
export function report(contenders, turns) {
  const rows = contenders.map(({ name, leastRatio }) => {
    const rounds = turns.get(name) ?? [];
    const rates = rounds.map(({ rps }) => rps);
    const medians = {
      rps: median(rates),
      p50: median(rounds.map(({ p50 }) => p50)),
      p99: median(rounds.map(({ p99 }) => p99)),
    };
    const gatehouse = median((turns.get('gatehouse') ?? []).map(({ rps }) => rps));
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    return { name, ...medians, least, most, ratio: rounded(gatehouse / medians.rps), leastRatio, rounds };
  });
  console.table(
    Object.fromEntries(
      rows.map(({ name, rps, least, most, p50, p99, ratio }) => [
        name,
        {
          'requests/s': Math.round(rps),
          least: Math.round(least),
          most: Math.round(most),
          'p50 ms': rounded(p50),
          'p99 ms': rounded(p99),
          'Gatehouse is … times as fast': ratio,
        },
      ]),
    ),
  );
  const verdicts = rows.flatMap(({ name, p50, p99, ratio, leastRatio = 0 }) => {
    const spread = rounded(p99 / p50);
    if (name === 'gatehouse') return verdict(spread <= MAX_P99_PER_P50, `p99 is ${spread} times p50 (at most 3)`);
    return leastRatio ? verdict(ratio >= leastRatio, `${ratio} times as fast as ${name} (at least ${leastRatio})`) : [];
  });
  return { passed: verdicts.every(Boolean), rows };
}
