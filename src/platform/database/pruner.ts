/** One short step of a pruning run. Its rows are already deleted. */
export interface PruneStep {
  /** How many rows the step deleted. */
  readonly deleted: number;
  /** The completed part of the run, from 0 to 1. */
  readonly progress: number;
}

/**
 * Deletes rows that are no longer needed. Every provider that extends this class is part of the scheduled pruning and
 * of `npm run cli prune`, without being listed anywhere.
 */
export abstract class Pruner {
  /** What it deletes, as a plural noun: `sessions`. */
  abstract readonly subject: string;

  /**
   * Deletes in short steps. The caller chooses the pace and may stop after any step.
   *
   * @param retentionMs how long rows are kept; the configured time by default
   */
  abstract steps(retentionMs?: number): AsyncIterable<PruneStep>;
}
