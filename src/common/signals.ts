import { channel } from 'node:diagnostics_channel';
import { DomainError } from './domain.error.js';

/**
 * Something that happens and that metrics count. Signals are channels of `node:diagnostics_channel`: without a subscriber,
 * `publish` does nothing. Check `hasSubscribers` before you measure something on a hot path.
 */
export interface Signal<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
  unsubscribe(listener: (message: T) => void): void;
}

function signal<T extends object>(name: string): Signal<T> {
  return channel(`gatehouse:${name}`) as unknown as Signal<T>;
}

/** A statement of the database ended. */
export interface StatementEnd {
  /** The name of a prepared statement, or the operation and its table, such as `SELECT users`. */
  readonly summary: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error?: unknown;
}

/** The wait for a pooled connection ended. `error` is set if there was none. */
export interface ConnectionWait {
  readonly seconds: number;
  readonly error?: unknown;
}

export const statements = signal<StatementEnd>('statement');
export const connectionWaits = signal<ConnectionWait>('connection-wait');
export const lookups = signal<{ readonly size: number }>('session-lookup');
export const threadTasks = signal<{ readonly pool: string; readonly seconds: number }>('thread-task');
export const signIns = signal<{ readonly result: string }>('sign-in');
export const refreshes = signal<{ readonly result: string }>('refresh');
export const revocations = signal<{ readonly reason: string; readonly count: number }>('revocation');
export const limitRejections = signal<{ readonly limit: string }>('limit-rejection');

/** Returns the `result` of something that failed: the problem code. */
export function resultOf(error: unknown): string {
  return error instanceof DomainError ? error.code : 'internal_error';
}
