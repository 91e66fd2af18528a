import type { TestDatabase } from './test-database.js';

export interface SessionRow {
  readonly refresh_counter: number;
  readonly refresh_salt: Buffer;
  readonly refreshed_at: Date | null;
  readonly idle_expires_at: Date;
  readonly expires_at: Date;
  readonly revoked_at: Date | null;
  readonly revoked_reason: string | null;
  readonly revoked_by: string | null;
}

/** Reads a session from the database, without the application. */
export async function sessionRow(database: TestDatabase, id: string): Promise<SessionRow> {
  const [row] = await database.query<SessionRow>('SELECT * FROM sessions WHERE id = $1', [id]);
  if (!row) throw new Error(`Session ${id} does not exist.`);
  return row;
}

export interface NewSessions {
  readonly userId: string;
  /** The times until they expire as PostgreSQL intervals. Negative if they have expired. */
  readonly idle: string;
  readonly absolute: string;
  /** The time of revocation as an interval from now, if they are revoked. */
  readonly revoked?: string;
  readonly name?: string;
  readonly count?: number;
}

/** Inserts sessions into the database, without the application. */
export async function insertSessions(database: TestDatabase, rows: NewSessions): Promise<void> {
  await database.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, device_name, idle_expires_at, expires_at, revoked_at, revoked_reason)
     SELECT gen_random_uuid(), $1, decode(repeat('00', 32), 'hex'), $2,
            now() + $3::interval, now() + $4::interval, now() + $5::interval, CASE WHEN $5 IS NOT NULL THEN 'logout' END
       FROM generate_series(1, $6)`,
    [rows.userId, rows.name, rows.idle, rows.absolute, rows.revoked, rows.count ?? 1],
  );
}
