import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { SessionAccessRepository, type GuardedSession } from './session-access.repository.js';

/** How many lookups may be under way at once. Two keep one waiting request from standing behind a slow batch. */
const MAX_LANES = 2;
/** How many sessions one lookup asks for at most. */
const MAX_BATCH = 512;

interface Waiter {
  readonly id: string;
  readonly resolve: (session: GuardedSession | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks sessions up for the guard. The ids that arrive in one turn of the event loop, or while lookups are under
 * way, are gathered, and the next lookup asks for all of them in one statement: a busy server asks the database a
 * few large questions instead of thousands of small ones, and an idle one asks at once.
 *
 * Nothing is cached. An answer always comes from a statement that began after its request arrived, which is
 * what makes a revocation hold on the very next request.
 */
@Injectable()
export class SessionLookup {
  private waiting: Waiter[] = [];
  private lanes = 0;
  private scheduled = false;

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {}

  /**
   * The session with this id and its user, or null if there is none.
   *
   * @throws DatabaseUnavailableError
   */
  find(id: string): Promise<GuardedSession | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, resolve, reject });
      this.schedule();
    });
  }

  /** Lets what arrived in the same turn of the event loop come along: it costs no waiting, and saves a statement. */
  private schedule(): void {
    if (this.scheduled || this.lanes === MAX_LANES) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.drive();
    });
  }

  /** One lane: asks for what waits, batch after batch, until nobody does. */
  private async drive(): Promise<void> {
    this.lanes += 1;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      if (this.waiting.length > 0) this.schedule();
      try {
        const found = await this.load(batch);
        for (const waiter of batch) waiter.resolve(found.get(waiter.id) ?? null);
      } catch (error) {
        for (const waiter of batch) waiter.reject(error);
      }
    }
    this.lanes -= 1;
  }

  private async load(batch: readonly Waiter[]): Promise<ReadonlyMap<string, GuardedSession>> {
    const ids = [...new Set(batch.map((waiter) => waiter.id))];
    const sessions = await this.database.session((manager) => this.sessions.findForGuard(manager, ids));
    return new Map(sessions.map((session) => [session.id, session]));
  }
}
