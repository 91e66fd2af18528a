import type { TestApp } from './test-app.js';

/** Returns the kinds of all mails to a user, oldest first. */
export async function mailKinds({ database }: TestApp, { email }: { email: string }): Promise<string[]> {
  const rows = await database.query<{ kind: string }>('SELECT kind FROM mails WHERE recipient = $1 ORDER BY id', [
    email,
  ]);
  return rows.map(({ kind }) => kind);
}

/** Returns the audit events of one type about a user, oldest first. */
export async function auditEvents({ database }: TestApp, { id }: { id: string }, type: string): Promise<object[]> {
  return database.query(
    'SELECT outcome, reason, actor_id, session_id FROM audit_events WHERE user_id = $1 AND type = $2 ORDER BY id',
    [id, type],
  );
}

/** Returns the types of all audit events about a user, oldest first. */
export async function auditTypes({ database }: TestApp, { id }: { id: string }): Promise<string[]> {
  const rows = await database.query<{ type: string }>('SELECT type FROM audit_events WHERE user_id = $1 ORDER BY id', [
    id,
  ]);
  return rows.map(({ type }) => type);
}
