import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MailRow } from './mail.entity.js';

/** A mail that only this instance may send until its lease ends. */
export interface ClaimedMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  readonly sealed: Buffer;
  /** How often it was claimed, including this time. */
  readonly attempts: number;
  readonly createdAt: Date;
}

@Injectable()
export class MailRepository {
  /** Inserts a mail, unless its recipient is `null`. */
  async insert(
    manager: EntityManager,
    { id, kind, recipient, sealed }: Pick<MailRow, 'id' | 'kind' | 'sealed'> & { readonly recipient: string | null },
  ): Promise<void> {
    await manager.query(
      `INSERT INTO mails (id, kind, recipient, sealed) SELECT $1, $2, $3, $4 WHERE $3::text IS NOT NULL`,
      [id, kind, recipient, sealed],
    );
  }

  /** Returns how many mails of these kinds were queued for a recipient within the last `intervalMs`. */
  async countRecent(
    manager: EntityManager,
    { recipient, kinds, intervalMs }: { recipient: string; kinds: readonly string[]; intervalMs: number },
  ): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM mails
        WHERE recipient = $1 AND kind = ANY($2) AND created_at > now() - $3::float8 * interval '1 millisecond'`,
      [recipient, kinds, intervalMs],
    );
    return row?.count ?? 0;
  }

  /**
   * Returns the age in seconds of the oldest waiting mail, or 0. Reads only the mails that have been due longest, because
   * a long outage of the mail server leaves many.
   */
  async oldestWaitingSeconds(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ age: number }[]>(
      `SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
         FROM (SELECT created_at FROM mails WHERE next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 1000) AS due`,
    );
    return row?.age ?? 0;
  }

  /** Claims the mails that have been due longest. Skips mails that another instance is claiming. */
  async claim(manager: EntityManager, { limit, leaseMs }: { limit: number; leaseMs: number }): Promise<ClaimedMail[]> {
    const [mails] = await manager.query<[ClaimedMail[], number]>(
      `WITH due AS MATERIALIZED (
         SELECT id FROM mails WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + $2::float8 * interval '1 millisecond'
       WHERE id IN (SELECT id FROM due)
       RETURNING id, kind, recipient, sealed, attempts, created_at AS "createdAt"`,
      [limit, leaseMs],
    );
    return mails;
  }

  /** Marks a mail as sent and deletes its contents. */
  async markSent(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `UPDATE mails SET sent_at = now(), next_attempt_at = NULL, sealed = NULL, last_error = NULL WHERE id = $1`,
      [id],
    );
  }

  /**
   * Stores why a mail was not sent, unless another instance has claimed it since.
   *
   * @param retryInMs `null` gives up. The contents stay, so that an operator can retry
   */
  async markFailed(
    manager: EntityManager,
    { id, attempts }: Pick<ClaimedMail, 'id' | 'attempts'>,
    { reason, retryInMs }: { reason: string; retryInMs: number | null },
  ): Promise<void> {
    await manager.query(
      `UPDATE mails SET last_error = $3, next_attempt_at = now() + $4::float8 * interval '1 millisecond'
       WHERE id = $1 AND attempts = $2 AND sent_at IS NULL`,
      [id, attempts, reason, retryInMs],
    );
  }
}
