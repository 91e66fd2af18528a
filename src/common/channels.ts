import { channel as nodeChannel } from 'node:diagnostics_channel';
import { DomainError } from './domain.error.js';

/**
 * A typed channel of `node:diagnostics_channel` for events that metrics count. Without a subscriber, `publish` does
 * nothing. Check `hasSubscribers` before you measure something on a hot path.
 */
export interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
  unsubscribe(listener: (message: T) => void): void;
}

function channel<T extends object>(name: string): Channel<T> {
  return nodeChannel(`gatehouse:${name}`) as unknown as Channel<T>;
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

export const statements = channel<StatementEnd>('statement');
export const connectionWaits = channel<ConnectionWait>('connection-wait');
export const lookups = channel<{ readonly size: number }>('session-lookup');
export const threadTasks = channel<{ readonly pool: string; readonly seconds: number }>('thread-task');
export const signIns = channel<{ readonly result: string }>('sign-in');
export const refreshes = channel<{ readonly result: string }>('refresh');
export const revocations = channel<{ readonly reason: string; readonly count: number }>('revocation');
export const limitRejections = channel<{ readonly limit: string }>('limit-rejection');

/** Returns the `result` of something that failed: the problem code. */
export function resultOf(error: unknown): string {
  return error instanceof DomainError ? error.code : 'internal_error';
}
