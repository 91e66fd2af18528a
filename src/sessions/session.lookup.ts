import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { SessionAccessRepository, type GuardedSession } from './session-access.repository.js';

/** How many lookups may be under way at once, slow ones aside. Two keep a request from standing behind a large batch. */
const LANES = 2;
/** After so many milliseconds a lookup is slow: it goes on beside the others, and another may begin. */
const PATIENCE = 250;
/** How many sessions one lookup asks for at most. */
const MAX_BATCH = 512;

interface Waiter {
  readonly id: string;
  /** When it has waited enough for its turn, by the clock of `performance.now()`. */
  readonly deadline: number;
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
  private readonly slow = new Set<readonly Waiter[]>();
  private scheduled = false;
  private watch: NodeJS.Timeout | undefined;
  /** Slow ones among them: half of the pool, but two at least. The rest is everybody else's, however many hang. */
  private readonly maxLanes: number;
  /** How many milliseconds a lookup waits for its turn at most: as long as for a connection. */
  private readonly bound: number;

  constructor(
    @InjectConfig() { database: { poolMax, connectTimeout } }: Config,
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {
    this.maxLanes = Math.max(LANES, Math.floor(poolMax / 2));
    this.bound = connectTimeout;
  }

  /**
   * The session with this id and its user, or null if there is none.
   *
   * @throws DatabaseUnavailableError
   */
  find(id: string): Promise<GuardedSession | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, deadline: performance.now() + this.bound, resolve, reject });
      this.schedule();
    });
  }

  /** Lets what arrived in the same turn of the event loop come along: it costs no waiting, and saves a statement. */
  private schedule(): void {
    if (this.slow.size >= this.maxLanes) return this.expire();
    if (this.scheduled || this.lanes - this.slow.size >= LANES || this.lanes >= this.maxLanes) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.drive();
    });
  }

  /** While all lanes are slow, whoever has waited long enough for a turn is refused. */
  private expire(): void {
    const [first] = this.waiting;
    if (!first || this.watch) return;
    this.watch = setTimeout(() => {
      this.watch = undefined;
      const now = performance.now();
      const inTime = this.waiting.findIndex(({ deadline }) => deadline > now);
      const late = this.waiting.splice(0, inTime < 0 ? this.waiting.length : inTime);
      for (const waiter of late) waiter.reject(new DatabaseUnavailableError());
      if (this.waiting.length > 0) this.schedule();
    }, first.deadline - performance.now()).unref();
  }

  /** One lane: asks for what waits, batch after batch, until nobody does or, after a slow one, other lanes are enough. */
  private async drive(): Promise<void> {
    this.lanes += 1;
    while (this.waiting.length > 0 && this.lanes - this.slow.size <= LANES) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      if (this.waiting.length > 0) this.schedule();
      await this.answer(batch);
    }
    this.lanes -= 1;
  }

  private async answer(batch: readonly Waiter[]): Promise<void> {
    const patience = setTimeout(() => {
      this.slow.add(batch);
      if (this.waiting.length > 0) this.schedule();
    }, PATIENCE);
    try {
      const found = await this.load(batch);
      for (const waiter of batch) waiter.resolve(found.get(waiter.id) ?? null);
    } catch (error) {
      for (const waiter of batch) waiter.reject(error);
    }
    clearTimeout(patience);
    this.slow.delete(batch);
  }

  private async load(batch: readonly Waiter[]): Promise<ReadonlyMap<string, GuardedSession>> {
    const ids = [...new Set(batch.map((waiter) => waiter.id))];
    const sessions = await this.database.run((manager) => this.sessions.findForGuard(manager, ids));
    return new Map(sessions.map((session) => [session.id, session]));
  }
}
