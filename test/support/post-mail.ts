import { randomBytes } from 'node:crypto';
import { Database } from '../../src/platform/database/database.js';
import { MailOutbox } from '../../src/platform/mail/mail-outbox.js';
import type { TestApp } from './test-app.js';

/** Posts a mail as a feature does, in a transaction of its own, and gives the token that its link will have. */
export async function postMail(app: TestApp, recipient: string, name: string | null = null): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await app.app
    .get(Database)
    .transaction((manager) =>
      app.app.get(MailOutbox).post(manager, { kind: 'reset_password', recipient, contents: { name, token } }),
    );
  return token;
}

/** What the outbox says of the mails to an address, oldest first. */
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

/** Lets the time pass until the mails that failed are tried again. */
export async function passBackoff({ database }: TestApp): Promise<void> {
  await database.query(
    `UPDATE mails SET next_attempt_at = now() WHERE last_error IS NOT NULL AND next_attempt_at IS NOT NULL`,
  );
}

/** Lets the time pass until nobody's claim holds any more. Whoever sends meanwhile would lose its own. */
export async function passLeases({ database }: TestApp): Promise<void> {
  await database.query(`UPDATE mails SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL`);
}
