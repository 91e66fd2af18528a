import type { Database } from '../database/database.js';
import type { ScheduleRepository } from './schedule.repository.js';

/** A run of something scheduled, which no other instance has as long as it is kept. */
export class ScheduledRun {
  private keptAt = performance.now();
  private lost = false;

  private constructor(
    private readonly database: Database,
    private readonly schedule: ScheduleRepository,
    private readonly name: string,
    private readonly lease: number,
    private held: Date,
  ) {}

  /**
   * Takes the run, if it is due.
   *
   * @param lease milliseconds, much longer than the holder is silent between two calls of `keep`
   */
  static async claim(
    database: Database,
    schedule: ScheduleRepository,
    name: string,
    lease: number,
  ): Promise<ScheduledRun | null> {
    const held = await database.run((manager) => schedule.claim(manager, name, lease));
    return held && new ScheduledRun(database, schedule, name, lease, held);
  }

  /** False as soon as it is known that somebody else took the run over. */
  get isHeld(): boolean {
    return !this.lost;
  }

  /** Says that the holder lives. Costs a statement only now and then. Gives false if somebody else took the run over. */
  async keep(): Promise<boolean> {
    return performance.now() - this.keptAt < this.lease / 4 || this.move(this.lease);
  }

  /** Ends the run. The next one is due after `delay` milliseconds. */
  async end(delay: number): Promise<void> {
    await this.move(delay);
  }

  private async move(delay: number): Promise<boolean> {
    const { database, schedule, name, held } = this;
    const moved = await database.run((manager) => schedule.move(manager, name, held, delay));
    this.keptAt = performance.now();
    this.held = moved ?? held;
    this.lost = moved === null;
    return this.isHeld;
  }
}
