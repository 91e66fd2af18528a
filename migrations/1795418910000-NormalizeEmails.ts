import type { MigrationInterface, QueryRunner } from 'typeorm';
import { findEmailRows } from '../src/users/email-rows.js';

/** Converts the domains of stored emails to ASCII. Logs accounts that share a mailbox and leaves them unchanged. */
export class NormalizeEmails1795418910000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const { logger } = queryRunner.dataSource;
    let hasCollisions = false;
    // If several accounts have one mailbox, a verified one gets the converted email. Otherwise the oldest one gets it.
    for (const isVerified of [true, false]) {
      for await (const { id, normalized } of findEmailRows(queryRunner, isVerified)) {
        const [other] = (await queryRunner.query(`SELECT id FROM users WHERE lower(email) = lower($1) AND id <> $2`, [
          normalized,
          id,
        ])) as { id: string }[];
        if (other) logger.log('warn', `User ${id} has the mailbox of user ${other.id}. Its email was not converted.`);
        else await queryRunner.query(`UPDATE users SET email = $2 WHERE id = $1`, [id, normalized]);
        hasCollisions ||= other !== undefined;
      }
    }
    if (hasCollisions) logger.log('warn', `Mailboxes with several accounts: see docs/operations.md, Mailboxes.`);
  }

  async down(): Promise<void> {
    // Earlier versions accept the converted emails, too.
  }
}
