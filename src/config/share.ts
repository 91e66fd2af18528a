/** The variable that contains the number of a worker, such as `2/4`. `supervise` sets it. */
export const WORKER_VARIABLE = 'GATEHOUSE_WORKER';

/** One of the processes of an instance. */
export interface Worker {
  /** Starts at 1. */
  readonly number: number;
  readonly of: number;
}

/** Parses `2/4`. Returns null if the process is not one of several. */
export function parseWorker(text = ''): Worker | null {
  const [, number, of] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  return number && of ? { number: Number(number), of: Number(of) } : null;
}

/** Returns this process's share of a total for the instance. The shares add up to it, but each is at least 1. */
export function shareOf(total: number, worker: Worker | null): number {
  if (!worker) return total;
  const { number, of } = worker;
  return Math.max(1, Math.floor(total / of) + (number <= total % of ? 1 : 0));
}
