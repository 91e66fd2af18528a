import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/id.js';
import type { User } from '../users/user.entity.js';
import { Session } from './session.entity.js';

export interface NewApiKey extends Pick<Session, 'userId' | 'scopes' | 'userAgent' | 'ipAddress' | 'expiresAt'> {
  readonly name: string;
  /** The sign-in that creates the key. */
  readonly createdIn: string;
}

/** An API key that expires soon, with its owner. */
export interface ExpiringKey {
  readonly name: string;
  readonly expiresAt: Date;
  readonly owner: Pick<User, 'email' | 'name'>;
}

/** Reads and writes sessions of the kind `key`. */
@Injectable()
export class ApiKeysRepository {
  /**
   * Inserts a key. Copies when and how its owner had authenticated. Both timeouts are the same, because a key is not
   * refreshed.
   */
  async insert(manager: EntityManager, { name, createdIn, ...row }: NewApiKey): Promise<Session> {
    const id = newId();
    await manager
      .createQueryBuilder()
      .insert()
      .into(Session)
      .values({
        ...row,
        id,
        kind: 'key',
        deviceName: name,
        authentications: () => '(SELECT authentications FROM sessions WHERE user_id = :userId AND id = :createdIn)',
        idleExpiresAt: row.expiresAt,
        // Makes the first use appear in `last_seen_at`, even in the first minute.
        isPairUsed: false,
        refreshSalt: randomBytes(32),
      })
      .setParameters({ userId: row.userId, createdIn })
      .execute();
    return manager.findOneByOrFail(Session, { id, userId: row.userId });
  }

  /**
   * Marks keys that expire within `withinMs` as reported, and returns them with their owners. Skips keys that never lived
   * longer than that, and keys that another transaction is marking.
   */
  async markExpiring(manager: EntityManager, withinMs: number, limit: number): Promise<ExpiringKey[]> {
    const [rows] = await manager.query<
      [(Omit<ExpiringKey, 'owner'> & ExpiringKey['owner'] & { key: string })[], number]
    >(
      `WITH expiring AS (
         SELECT user_id, id FROM sessions
          WHERE kind = 'key' AND expiry_notice_at IS NULL AND revoked_at IS NULL
            AND expires_at > now() AND expires_at <= now() + $1::float8 * interval '1 millisecond'
            AND expires_at > created_at + $1::float8 * interval '1 millisecond'
          ORDER BY expires_at LIMIT $2
            FOR UPDATE SKIP LOCKED)
       UPDATE sessions s SET expiry_notice_at = now()
         FROM expiring e JOIN users u ON u.id = e.user_id
        WHERE s.user_id = e.user_id AND s.id = e.id
       RETURNING s.device_name AS key, s.expires_at AS "expiresAt", u.email, u.name`,
      [withinMs, limit],
    );
    return rows.map(({ key, expiresAt, ...owner }) => ({ name: key, expiresAt, owner }));
  }
}
