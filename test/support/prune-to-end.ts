import type { Pruner } from '../../src/platform/database/pruner.js';

/** Runs all steps of a pruner. Returns how many rows they deleted. */
export async function pruneToEnd(pruner: Pruner, retentionMs: number): Promise<number> {
  let total = 0;
  for await (const { deleted } of pruner.prune(retentionMs)) total += deleted;
  return total;
}
