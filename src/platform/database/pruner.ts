/** One short step of a pruning: when it is told of, it has happened, whatever comes after it. */
export interface PruneStep {
  /** How many rows it deleted. */
  readonly deleted: number;
  /** How much of the way is behind, from 0 to 1. */
  readonly progress: number;
}

/**
 * Deletes what a feature needs no longer. Each step is one short statement that nobody waits for; whoever asks for the
 * next one decides how fast they follow each other, and when to stop. A feature offers its pruner, and knows neither
 * the schedule nor the command.
 */
export interface Pruner {
  /** What it deletes, as a person says it, in the plural: `sessions`. */
  readonly subject: string;
  steps(): AsyncIterable<PruneStep>;
}
