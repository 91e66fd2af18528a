/** The variable by which a worker learns which one it is, as `2/4`. Only whoever starts workers sets it. */
export const WORKER_VARIABLE = 'GATEHOUSE_WORKER';

/** One of the processes that an instance consists of. */
export interface Worker {
  /** From 1 on. */
  readonly number: number;
  readonly of: number;
}

/** Reads `2/4`. Null where this process is not one of several. */
export function parseWorker(text = ''): Worker | null {
  const [, number, of] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  return number && of ? { number: Number(number), of: Number(of) } : null;
}

/**
 * What this process gets of something that the whole instance may have. All shares add up to it, unless there are more
 * workers than that: nobody gets less than one.
 */
export function shareOf(total: number, worker: Worker | null): number {
  if (!worker) return total;
  const { number, of } = worker;
  return Math.max(1, Math.floor(total / of) + (number <= total % of ? 1 : 0));
}
