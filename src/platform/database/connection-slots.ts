import { Slots } from '../../common/slots.js';

/** How many session lookups run in parallel while the database responds quickly. */
const RESERVED = 2;
/** How many callers may wait before clients with many connections must wait for the others. */
const MAX_WAITING_CROWD = 64;
/** How many callers may wait before unauthenticated requests are rejected: about 0.1 s of statements. */
const MAX_WAITING_STRANGERS = 128;
/** How many callers may wait before every caller is rejected. */
const MAX_WAITING = 4_096;

/**
 * Limits how many connections of the pool are used by work other than session lookups. The other connections are
 * reserved, so that a flood of sign-ins cannot delay the requests of signed-in users. With one connection, a lookup
 * waits for at most one other caller.
 */
export class ConnectionSlots extends Slots {
  /** @param timeoutMs how long a caller may wait */
  constructor(poolSize: number, timeoutMs: number) {
    const reserved = Math.min(RESERVED, Math.floor(poolSize / 2));
    super({ slots: poolSize - reserved, maxWaiting: MAX_WAITING, timeoutMs });
  }

  /** Whether so many callers wait that clients with many connections must not add more. */
  get isCrowded(): boolean {
    return this.waiting >= MAX_WAITING_CROWD;
  }

  /** Whether so many callers wait that unauthenticated requests are rejected. */
  get isBusy(): boolean {
    return this.waiting >= MAX_WAITING_STRANGERS;
  }
}
