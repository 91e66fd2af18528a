/**
 * Work that one instance does for all. Every provider that extends this class is part of the scheduled upkeep and of
 * `npm run cli prune`, without being listed anywhere.
 */
export abstract class UpkeepTask {
  /** A plural noun for the results, such as `key expiry mails`. */
  abstract readonly subject: string;

  /** Works in short steps, and yields the number of results of each. The caller may stop after any step. */
  abstract steps(): AsyncIterable<number>;
}
