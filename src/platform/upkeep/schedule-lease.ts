import type { Database } from '../database/database.js';

/**
 * The claim of one instance to a scheduled task. Other instances can claim the task when the lease expires. Unlike an
 * advisory lock, a lease works behind a pooler in transaction mode. All times are the database's.
 */
export class ScheduleLease {
  private renewedAt = performance.now();
  private lost = false;

  private constructor(
    private readonly database: Database,
    private readonly task: string,
    private readonly durationMs: number,
    private expiresAt: Date,
  ) {}

  /**
   * Claims a task if it is due. Only one of several concurrent callers gets the lease, the others get `null`.
   *
   * @param durationMs much longer than the time between two calls of `renew`
   */
  static async claim(database: Database, task: string, durationMs: number): Promise<ScheduleLease | null> {
    const [row] = await database.run((manager) =>
      manager.query<{ next_at: Date }[]>(
        `INSERT INTO schedule (name, next_at) VALUES ($1, now() + $2::float8 * interval '1 millisecond')
         ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at WHERE schedule.next_at <= now()
         RETURNING next_at`,
        [task, durationMs],
      ),
    );
    return row ? new ScheduleLease(database, task, durationMs, row.next_at) : null;
  }

  /** Whether another instance has claimed the task after this lease expired. */
  get isLost(): boolean {
    return this.lost;
  }

  /** Extends the lease, at most four times per duration. Otherwise runs no query. */
  async renew(): Promise<void> {
    if (performance.now() - this.renewedAt >= this.durationMs / 4) await this.expireIn(this.durationMs);
  }

  /** Ends the lease. The task is due again after `delayMs`. Changes nothing if the lease is lost. */
  async release(delayMs: number): Promise<void> {
    await this.expireIn(delayMs);
  }

  private async expireIn(delayMs: number): Promise<void> {
    const [[row]] = await this.database.run((manager) =>
      manager.query<[{ next_at: Date }[], number]>(
        `UPDATE schedule SET next_at = now() + $3::float8 * interval '1 millisecond'
          WHERE name = $1 AND next_at = $2 RETURNING next_at`,
        [this.task, this.expiresAt, delayMs],
      ),
    );
    this.renewedAt = performance.now();
    if (row) this.expiresAt = row.next_at;
    else this.lost = true;
  }
}
