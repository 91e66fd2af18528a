import { setTimeout as sleep } from 'node:timers/promises';

const MIN_REST_MS = 5;
const MAX_REST_MS = 1_000;

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
  /** A plural noun for the deleted rows, such as `sessions`. */
  abstract readonly subject: string;

  /**
   * Deletes in short steps. Rests after each for as long as it took, so that pruning uses at most half of the database's
   * time. The caller may stop after any step.
   *
   * @param retentionMs how long rows are kept; the configured time by default
   */
  async *prune(retentionMs?: number): AsyncGenerator<PruneStep> {
    let start = performance.now();
    for await (const step of this.steps(retentionMs)) {
      await sleep(Math.min(MAX_REST_MS, Math.max(MIN_REST_MS, performance.now() - start)));
      yield step;
      start = performance.now();
    }
  }

  /** Deletes in short steps, without rests. */
  protected abstract steps(retentionMs?: number): AsyncIterable<PruneStep>;
}
