import { normalizeEmail } from './email.js';

const BATCH_SIZE = 1_000;

/** A user whose stored email differs from its normalized form. No request finds it by its email. */
export interface EmailRow {
  readonly id: string;
  readonly normalized: string;
}

interface Connection {
  query(statement: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * Returns the users whose email is not normalized, by ID. Reads the table once.
 *
 * @param isVerified `null` for all users
 */
export async function* findEmailRows(connection: Connection, isVerified: boolean | null): AsyncGenerator<EmailRow> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    // Only texts beyond ASCII, those in quotes, and those with a dot at the end can differ.
    const rows = (await connection.query(
      `SELECT id, email FROM users
        WHERE id > $1 AND (email ~ '[^\\x01-\\x7f]' OR email LIKE '"%' OR email LIKE '%.')
          AND ($2::boolean IS NULL OR (email_verified_at IS NOT NULL) = $2)
        ORDER BY id LIMIT ${BATCH_SIZE}`,
      [after, isVerified],
    )) as { id: string; email: string }[];
    for (const { id, email } of rows) {
      const normalized = normalizeEmail(email);
      if (email !== normalized) yield { id, normalized };
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH_SIZE) return;
    after = last.id;
  }
}
