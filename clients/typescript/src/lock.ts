/** The part of the Web Locks API that we use. Node.js before version 24 does not have it. */
interface Locks {
  request<T>(name: string, options: { signal: AbortSignal }, run: () => Promise<T>): Promise<T>;
}

const LOCK_TIMEOUT_MS = 30_000;

/** Runs a function while no other tab of this origin runs one with this name. Without Web Locks, just runs it. */
export function withLock<T>(name: string | undefined, run: () => Promise<T>): Promise<T> {
  const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
  if (!locks || name === undefined) return run();
  return locks.request(name, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, run);
}
