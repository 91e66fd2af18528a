import { randomBytes } from 'node:crypto';
import { resetPassword } from '../../src/auth/auth.mails.js';
import { Database } from '../../src/platform/database/database.js';
import { MailOutbox } from '../../src/platform/mail/mail-outbox.js';
import type { TestApp } from './test-app.js';

/** Posts a mail in a transaction and returns the token in its link. */
export async function postMail(app: TestApp, recipient: string, name: string | null = null): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await app.app
    .get(Database)
    .transaction((manager) =>
      app.app.get(MailOutbox).post(manager, resetPassword, { email: recipient, name }, { token }),
    );
  return token;
}

/** Returns the state of the mails to a recipient, oldest first. */
export function outboxOf({ database }: TestApp, recipient: string) {
  return database.query<{
    id: string;
    attempts: number;
    sealed: Buffer | null;
    last_error: string | null;
    is_waiting: boolean;
    is_sent: boolean;
    /** Seconds until the next attempt, or the end of the lease. */
    due_in: number | null;
  }>(
    `SELECT id, attempts, sealed, last_error, next_attempt_at IS NOT NULL AS is_waiting, sent_at IS NOT NULL AS is_sent,
       extract(epoch FROM next_attempt_at - now())::float8 AS due_in
     FROM mails WHERE recipient = $1 ORDER BY id`,
    [recipient],
  );
}

/** Makes failed mails due for their next attempt now. */
export async function passBackoff({ database }: TestApp): Promise<void> {
  await database.query(
    `UPDATE mails SET next_attempt_at = now() - interval '1 second' WHERE last_error IS NOT NULL AND next_attempt_at IS NOT NULL`,
  );
}

/** Ends the leases of all claimed mails now. A running delivery loses its lease too. */
export async function passLeases({ database }: TestApp): Promise<void> {
  await database.query(
    `UPDATE mails SET next_attempt_at = now() - interval '1 second' WHERE next_attempt_at IS NOT NULL`,
  );
}
