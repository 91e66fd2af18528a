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

/** A session as the database has it, past the application. */
export async function sessionRow(database: TestDatabase, id: string): Promise<SessionRow> {
  const [row] = await database.query<SessionRow>('SELECT * FROM sessions WHERE id = $1', [id]);
  if (!row) throw new Error(`There is no session ${id}.`);
  return row;
}
