import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MailKind } from './mail.js';
import type { MailRow } from './mail.entity.js';

export interface NewMailRow extends Pick<MailRow, 'id' | 'kind' | 'sealed'> {
  /** Null does the same work for nobody. */
  readonly recipient: string | null;
}

/** A mail that this instance alone may send, until its lease is over. */
export interface ClaimedMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly recipient: string;
  readonly sealed: Buffer;
  /** How often it was claimed, this time included. */
  readonly attempts: number;
  readonly createdAt: Date;
}

@Injectable()
export class MailRepository {
  /** Nothing is written without a recipient. */
  async insert(manager: EntityManager, { id, kind, recipient, sealed }: NewMailRow): Promise<void> {
    await manager.query(
      `INSERT INTO mails (id, kind, recipient, sealed) SELECT $1, $2, $3, $4 WHERE $3::text IS NOT NULL`,
      [id, kind, recipient, sealed],
    );
  }

  /**
   * Claims mails whose time has come, the longest waiting first. Whoever claims at the same time gets others; a claim
   * that nobody followed up is void after the lease, in milliseconds.
   */
  async claim(manager: EntityManager, { limit, lease }: { limit: number; lease: number }): Promise<ClaimedMail[]> {
    const [mails] = await manager.query<[ClaimedMail[], number]>(
      `WITH due AS MATERIALIZED (
         SELECT id FROM mails WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + $2::float8 * interval '1 millisecond'
       WHERE id IN (SELECT id FROM due)
       RETURNING id, kind, recipient, sealed, attempts, created_at AS "createdAt"`,
      [limit, lease],
    );
    return mails;
  }

  /** Its contents go with it: nobody needs them any more. */
  async markSent(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `UPDATE mails SET sent_at = now(), next_attempt_at = NULL, sealed = NULL, last_error = NULL WHERE id = $1`,
      [id],
    );
  }

  /**
   * Notes why a mail was not taken, and when it is tried next. Not where another instance has claimed it since.
   *
   * @param wait milliseconds; null gives the mail up, and keeps its contents for an operator who knows better
   */
  async markFailed(
    manager: EntityManager,
    { id, attempts }: Pick<ClaimedMail, 'id' | 'attempts'>,
    { error, wait }: { error: string; wait: number | null },
  ): Promise<void> {
    await manager.query(
      `UPDATE mails SET last_error = $3, next_attempt_at = now() + $4::float8 * interval '1 millisecond'
       WHERE id = $1 AND attempts = $2 AND sent_at IS NULL`,
      [id, attempts, error, wait],
    );
  }
}
