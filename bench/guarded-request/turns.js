// Everyone in turn, round after round, so that what the machine does meanwhile falls on all alike.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {import('./load.js').Turn} Turn
 * @typedef {import('./contenders.js').Contender} Contender
 */

/** How many seconds of each turn do not count: who waited for a minute has connections to open, and is slow at first. */
export const RUN_UP = 2;

/**
 * Lets everyone warm up, and then takes the figures.
 *
 * @param {object} given
 * @param {readonly Contender[]} given.contenders
 * @param {ReadonlyMap<string, string>} given.urls
 * @param {readonly import('./sessions.js').Asker[]} given.askers
 * @param {import('./load.js').LoadGenerator} given.generator
 * @param {import('./options.js').Options} given.options
 * @param {AbortSignal} signal
 * @returns {Promise<Map<string, Turn[]>>} by the contender's name
 */
export async function takeTurns({ contenders, urls, askers, generator, options }, signal) {
  const { rounds, seconds, connections } = options;
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-turns-'));
  const progress = await showProgress(contenders.length * (rounds + 1), seconds + RUN_UP);
  try {
    for (const header of /** @type {const} */ (['Authorization', 'Cookie'])) {
      await writeFile(join(folder, header), `${askers.map((asker) => asker[header]).join('\n')}\n`, { mode: 0o600 });
    }
    /** @type {Map<string, Turn[]>} */
    const turns = new Map(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const { name, header } of rotated(contenders, round)) {
        progress.next(round === 0 ? `${name} warms up` : `round ${round} of ${rounds}: ${name}`);
        const load = { url: urls.get(name) ?? '', header, file: join(folder, header), connections, seconds };
        if (round > 0) await generator.drive(name, { ...load, seconds: RUN_UP }, signal);
        const turn = await generator.drive(name, load, signal);
        if (round > 0) turns.get(name)?.push(turn);
      }
    }
    return turns;
  } finally {
    progress.end();
    await rm(folder, { recursive: true });
  }
}

/** Nobody always follows the same one. @template T @param {readonly T[]} list @param {number} by */
function rotated(list, by) {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** @param {number} turns @param {number} seconds of each */
async function showProgress(turns, seconds) {
  const { Progress } = await import(new URL('../../dist/src/cli/progress.js', import.meta.url).href);
  const bar = new Progress('turns');
  let done = 0;
  return {
    next: (/** @type {string} */ what) => {
      const left = Math.ceil(((turns - done) * seconds) / 60);
      bar.show(done / turns, `${what}, ${left} min left`);
      done += 1;
    },
    end: () => bar.end(),
  };
}
