import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Role } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { runPrepared, type PreparedStatement } from '../platform/database/prepared.js';
import { User } from '../users/user.entity.js';
import type { RevocationReason } from './revocation.js';
import type { SessionState } from './session-state.js';

/** A session as the guard reads it on every request. */
export interface GuardedSession extends SessionState {
  /** Whether `last_seen_at` is old enough to be updated. */
  readonly isLastSeenStale: boolean;
}

/** A session as the rotation of its refresh token reads it. */
export interface RefreshableSession extends SessionState {
  readonly refreshSalt: Buffer;
  readonly refreshCounter: number;
  /** Whether the last rotation is within the grace period. */
  readonly isInGrace: boolean;
}

const STATE = `
  s.id AS session_id, s.revoked_reason, (s.idle_expires_at <= now() OR s.expires_at <= now()) AS is_expired,
  u.id, u.email, u.name, u.role, u.is_active, u.email_verified_at, u.created_at, u.updated_at`;

/** `last_seen_at` is updated at most this often, because every update is a write. */
const LAST_SEEN_INTERVAL = `interval '1 minute'`;

const FIND_FOR_GUARD: PreparedStatement = {
  name: 'find_sessions_for_guard',
  text: `SELECT ${STATE}, s.last_seen_at < now() - ${LAST_SEEN_INTERVAL} AS is_last_seen_stale
           FROM sessions s JOIN users u ON u.id = s.user_id
          WHERE s.id = ANY($1::uuid[])`,
};

/** Reads and writes the state that decides whether a session may be used. The hot paths run one statement each. */
@Injectable()
export class SessionAccessRepository {
  private readonly isPrepared: boolean;

  constructor(@InjectConfig() { database }: Config) {
    this.isPrepared = database.preparedStatements;
  }

  /** Returns the sessions with these IDs in any order. Unknown IDs are missing from the result. */
  async findForGuard(manager: EntityManager, ids: readonly string[]): Promise<GuardedSession[]> {
    // A PostgreSQL array literal. UUIDs need no quotes.
    const array = `{${ids.join(',')}}`;
    const rows = await runPrepared<GuardRow>(manager, FIND_FOR_GUARD, [array], this.isPrepared);
    return rows.map((row) => {
      const { id, user, revokedReason, isExpired } = toState(row);
      return { id, user, revokedReason, isExpired, isLastSeenStale: row.is_last_seen_stale };
    });
  }

  /** Returns a session with the state that a rotation needs. */
  async findForRefresh(manager: EntityManager, id: string, graceMs: number): Promise<RefreshableSession | null> {
    const [row] = await manager.query<
      (StateRow & { refresh_salt: Buffer; refresh_counter: number; is_in_grace: boolean })[]
    >(
      `SELECT ${STATE}, s.refresh_salt, s.refresh_counter,
              coalesce(s.refreshed_at > now() - $2 * interval '1 millisecond', false) AS is_in_grace
         FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = $1`,
      [id, graceMs],
    );
    if (!row) return null;
    const { refresh_salt: refreshSalt, refresh_counter: refreshCounter, is_in_grace: isInGrace } = row;
    return { ...toState(row), refreshSalt, refreshCounter, isInGrace };
  }

  /**
   * Locks a session and its user until the transaction ends, so that neither can be changed meanwhile. Locks the user
   * first, as every transaction that locks both does.
   */
  async lockForAction(manager: EntityManager, id: string): Promise<SessionState | null> {
    await manager.query('SELECT FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR SHARE', [id]);
    const [row] = await manager.query<StateRow[]>(
      `SELECT ${STATE} FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 FOR SHARE OF s`,
      [id],
    );
    return row ? toState(row) : null;
  }

  /**
   * Increments the counter and extends the idle timeout, up to the absolute timeout. Returns whether it did. The
   * statement contains all conditions, so that one of any number of parallel calls succeeds.
   */
  async rotate(manager: EntityManager, id: string, counter: number, idleTimeoutMs: number): Promise<boolean> {
    const [, affected] = await manager.query<[unknown, number]>(
      `UPDATE sessions
          SET refresh_counter = refresh_counter + 1, refreshed_at = now(), last_seen_at = now(),
              idle_expires_at = least(now() + $3 * interval '1 millisecond', expires_at)
        WHERE id = $1 AND refresh_counter = $2
          AND revoked_at IS NULL AND idle_expires_at > now() AND expires_at > now()
          AND EXISTS (SELECT FROM users WHERE users.id = sessions.user_id AND users.is_active)`,
      [id, counter, idleTimeoutMs],
    );
    return affected === 1;
  }

  /**
   * Updates `last_seen_at` of these sessions, at most once a minute each. Skips locked rows, because waiting for several
   * of them could deadlock.
   */
  async markSeen(manager: EntityManager, ids: ReadonlySet<string>): Promise<void> {
    await manager.query(
      `UPDATE sessions SET last_seen_at = now()
         FROM (SELECT id FROM sessions
                WHERE id = ANY($1::uuid[]) AND last_seen_at < now() - ${LAST_SEEN_INTERVAL}
                  FOR NO KEY UPDATE SKIP LOCKED) AS stale
        WHERE sessions.id = stale.id`,
      [[...ids]],
    );
  }
}

interface GuardRow extends StateRow {
  readonly is_last_seen_stale: boolean;
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

/** Maps a row by hand, because TypeORM's hydration would cost more than the query. */
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
