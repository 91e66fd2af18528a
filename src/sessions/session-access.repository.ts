import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Role } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { runPrepared, type PreparedStatement } from '../platform/database/prepared.js';
import { User } from '../users/user.entity.js';
import type { RevocationReason } from './revocation.js';
import type { SessionState } from './session-state.js';

/** A session as the guard looks it up on every request. */
export interface GuardedSession extends SessionState {
  /** Whether `last_seen_at` is old enough to be written again. */
  readonly isSeenDue: boolean;
}

/** A session as its refresh token is judged by. */
export interface RefreshableSession extends SessionState {
  readonly refreshSalt: Buffer;
  readonly refreshCounter: number;
  /** Whether the last rotation is so recent that the token before it may be answered once more. */
  readonly isInGrace: boolean;
}

const STATE = `
  s.id AS session_id, s.revoked_reason, (s.idle_expires_at <= now() OR s.expires_at <= now()) AS is_expired,
  u.id, u.email, u.name, u.role, u.is_active, u.email_verified_at, u.created_at, u.updated_at`;

/** How long a session's `last_seen_at` stands before it is worth a write. */
const SEEN_INTERVAL = `interval '1 minute'`;

const FIND_FOR_GUARD: PreparedStatement = {
  name: 'find_sessions_for_guard',
  text: `SELECT ${STATE}, s.last_seen_at < now() - ${SEEN_INTERVAL} AS is_seen_due
           FROM sessions s JOIN users u ON u.id = s.user_id
          WHERE s.id = ANY($1::uuid[])`,
};

/** What decides on the session's row whether somebody may: by primary key, and on the hot paths in one statement. */
@Injectable()
export class SessionAccessRepository {
  private readonly isPrepared: boolean;

  constructor(@InjectConfig() { database }: Config) {
    this.isPrepared = database.preparedStatements;
  }

  /** Looks many sessions up at once. Ids that no session has are missing from the result. */
  async findForGuard(manager: EntityManager, ids: readonly string[]): Promise<GuardedSession[]> {
    // The text of an array, which these ids need no quotes for.
    const array = `{${ids.join(',')}}`;
    const rows = await runPrepared<GuardRow>(manager, FIND_FOR_GUARD, [array], this.isPrepared);
    return rows.map((row) => {
      const { id, user, revokedReason, isExpired } = toState(row);
      return { id, user, revokedReason, isExpired, isSeenDue: row.is_seen_due };
    });
  }

  /** @param grace milliseconds */
  async findForRefresh(manager: EntityManager, id: string, grace: number): Promise<RefreshableSession | null> {
    const [row] = await manager.query<
      (StateRow & { refresh_salt: Buffer; refresh_counter: number; is_in_grace: boolean })[]
    >(
      `SELECT ${STATE}, s.refresh_salt, s.refresh_counter,
              coalesce(s.refreshed_at > now() - $2 * interval '1 millisecond', false) AS is_in_grace
         FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = $1`,
      [id, grace],
    );
    if (!row) return null;
    const { refresh_salt: refreshSalt, refresh_counter: refreshCounter, is_in_grace: isInGrace } = row;
    return { ...toState(row), refreshSalt, refreshCounter, isInGrace };
  }

  /**
   * Holds a session and its user as they are until the transaction ends. The user comes first, as in every
   * transaction that locks both.
   */
  async holdForActing(manager: EntityManager, id: string): Promise<SessionState | null> {
    await manager.query('SELECT FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR SHARE', [id]);
    const [row] = await manager.query<StateRow[]>(
      `SELECT ${STATE} FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 FOR SHARE OF s`,
      [id],
    );
    return row ? toState(row) : null;
  }

  /**
   * Rotates the refresh token: the counter goes from `counter` to the next, and the idle limit moves, never past
   * the absolute one. All conditions are in the statement, so of any number that try at once one succeeds.
   *
   * @param idleTimeout milliseconds
   * @returns whether this call was the one
   */
  async rotate(manager: EntityManager, id: string, counter: number, idleTimeout: number): Promise<boolean> {
    const [, affected] = await manager.query<[unknown, number]>(
      `UPDATE sessions
          SET refresh_counter = refresh_counter + 1, refreshed_at = now(), last_seen_at = now(),
              idle_expires_at = least(now() + $3 * interval '1 millisecond', expires_at)
        WHERE id = $1 AND refresh_counter = $2
          AND revoked_at IS NULL AND idle_expires_at > now() AND expires_at > now()
          AND EXISTS (SELECT FROM users WHERE users.id = sessions.user_id AND users.is_active)`,
      [id, counter, idleTimeout],
    );
    return affected === 1;
  }

  /**
   * Writes that sessions were seen just now, all in one statement, at most once a minute each. A row that someone
   * else holds is skipped: whoever holds it is using or ending the session, and waiting here for rows in any order
   * could become a deadlock.
   */
  async markSeen(manager: EntityManager, ids: ReadonlySet<string>): Promise<void> {
    await manager.query(
      `UPDATE sessions SET last_seen_at = now()
         FROM (SELECT id FROM sessions
                WHERE id = ANY($1::uuid[]) AND last_seen_at < now() - ${SEEN_INTERVAL}
                  FOR NO KEY UPDATE SKIP LOCKED) AS due
        WHERE sessions.id = due.id`,
      [[...ids]],
    );
  }
}

interface GuardRow extends StateRow {
  readonly is_seen_due: boolean;
}

interface StateRow {
  readonly session_id: string;
  readonly revoked_reason: RevocationReason | null;
  readonly is_expired: boolean;
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly is_active: boolean;
  readonly email_verified_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** By hand, because TypeORM's own hydration would cost more than the lookup. */
function toState(row: StateRow): SessionState {
  const user = new User();
  user.id = row.id;
  user.email = row.email;
  user.name = row.name;
  user.role = row.role;
  user.isActive = row.is_active;
  user.emailVerifiedAt = row.email_verified_at;
  user.createdAt = row.created_at;
  user.updatedAt = row.updated_at;
  return { id: row.session_id, user, revokedReason: row.revoked_reason, isExpired: row.is_expired };
}
