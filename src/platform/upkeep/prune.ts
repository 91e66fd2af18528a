import { setTimeout as sleep } from 'node:timers/promises';
import type { Pruner, PruneStep } from '../database/pruner.js';

/** How long to rest after a step, in milliseconds, however short or long it was. */
const LEAST_REST = 5;
const LONGEST_REST = 1_000;

/**
 * Goes through a pruner's steps, and rests after each for as long as it took: at least half of the time the database
 * belongs to everybody else.
 *
 * @param goOn is asked before each next step; false ends the pruning there
 * @returns how many rows it deleted
 */
export async function prune(
  pruner: Pick<Pruner, 'steps'>,
  goOn: (step: PruneStep) => boolean | Promise<boolean> = () => true,
): Promise<number> {
  let total = 0;
  let begin = performance.now();
  for await (const step of pruner.steps()) {
    total += step.deleted;
    await sleep(Math.min(LONGEST_REST, Math.max(LEAST_REST, performance.now() - begin)));
    if (!(await goOn(step))) break;
    begin = performance.now();
  }
  return total;
}
