import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Durations are in milliseconds, and times the database's: no two machines have the same clock. */
@Injectable()
export class ScheduleRepository {
  /**
   * Takes a run that is due. Of any number that try at once, one gets it.
   *
   * @param lease how long until the run is due again, if its holder is not heard of
   * @returns when that is, which only the holder knows; null if nothing is due
   */
  async claim(manager: EntityManager, name: string, lease: number): Promise<Date | null> {
    const [row] = await manager.query<{ next_at: Date }[]>(
      `INSERT INTO schedule (name, next_at) VALUES ($1, now() + $2::float8 * interval '1 millisecond')
       ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at WHERE schedule.next_at <= now()
       RETURNING next_at`,
      [name, lease],
    );
    return row?.next_at ?? null;
  }

  /**
   * Moves the time of a run that one holds: a little, to keep it, or to when it is due next.
   *
   * @param held what the last `claim` or `move` gave
   * @returns the new time; null if somebody else has the run by now
   */
  async move(manager: EntityManager, name: string, held: Date, delay: number): Promise<Date | null> {
    const [[row]] = await manager.query<[{ next_at: Date }[], number]>(
      `UPDATE schedule SET next_at = now() + $3::float8 * interval '1 millisecond'
        WHERE name = $1 AND next_at = $2 RETURNING next_at`,
      [name, held, delay],
    );
    return row?.next_at ?? null;
  }
}
