import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { AccessClaims, KeyLimits, RequestSession } from '../common/principal.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { queryRows, type Statement } from '../platform/database/query-rows.js';
import { SERVER_ACCEPTS_WRITES } from '../platform/database/read-only-server.js';
import { RowMapper } from '../platform/database/row-mapper.js';
import { User } from '../users/user.entity.js';
import type { RevocationReason } from './revocation.js';
import type { RefreshableSession, SessionState } from './session-state.js';

/** A session as the guard reads it on every request. */
export interface GuardedSession extends SessionState, RequestSession {
  readonly user: User;
  /**
   * The generation of the token pair whose use must be recorded. `ANY_GENERATION` if `last_seen_at` is old, the current
   * one until its first use, `null` otherwise.
   */
  readonly unrecordedGeneration: number | null;
}

const STATE = 's.id, s.revoked_reason, (s.idle_expires_at <= now() OR s.expires_at <= now()) AS is_expired';

type StateColumns = [id: string, revokedReason: RevocationReason | null, isExpired: boolean];

/** `last_seen_at` is updated at most this often, because every update is a write. */
const LAST_SEEN_INTERVAL = `interval '1 minute'`;

/** Not a generation of a token pair, but all of them. */
export const ANY_GENERATION = -1;

/** Reads and writes the state that decides whether a session may be used. The hot paths run one statement each. */
@Injectable()
export class SessionAccessRepository {
  private readonly users: RowMapper<User>;
  private readonly forGuard: Statement;

  constructor(@InjectConfig() { database }: Config, @InjectDataSource() dataSource: DataSource) {
    this.users = new RowMapper(dataSource, User, 'u');
    this.forGuard = {
      // A pooler in transaction mode may run each statement on another connection, which has not prepared it.
      name: database.preparedStatements ? 'find_sessions_for_guard' : undefined,
      isShared: true,
      // PostgreSQL plans a statement again on each run if it expects that to be cheaper, and planning takes longer than the
      // lookup. It decides by the number of IDs, which the inner `SELECT` hides.
      // `OFFSET 0` makes the planner look up each session by both IDs. It could otherwise read whole partitions, or all
      // sessions of each user.
      text: `SELECT f.*
               FROM (SELECT unnest((SELECT $1::uuid[])) AS user_id, unnest((SELECT $2::uuid[])) AS id,
                            (SELECT '[' || extract(epoch FROM now()) || ',') AS read_at
                      WHERE ${SERVER_ACCEPTS_WRITES}) AS k
              CROSS JOIN LATERAL (
                SELECT ${STATE},
                       CASE WHEN s.last_seen_at < now() - ${LAST_SEEN_INTERVAL} THEN ${ANY_GENERATION}
                            WHEN NOT s.is_pair_used THEN s.refresh_counter
                       END AS unrecorded_generation,
                       CASE WHEN s.kind = 'key'
                            THEN json_build_object('scopes', s.scopes, 'expiresAt', floor(extract(epoch FROM s.expires_at)))
                       END AS key,
                       k.read_at || s.authentications::text || ']' AS authentications, ${this.users.columns}
                  FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.user_id = k.user_id AND s.id = k.id
                OFFSET 0) AS f`,
    };
  }

  /** Returns the sessions of these claims in any order. Those that no user and session match are missing. */
  async findForGuard(manager: EntityManager, claims: readonly AccessClaims[]): Promise<GuardedSession[]> {
    type Row = [...StateColumns, unrecordedGeneration: number | null, key: KeyLimits | null, authentications: string];
    const rows = await queryRows<Row>(manager, this.forGuard, toArrays(claims));
    return rows.map((row) => ({
      id: row[0],
      revokedReason: row[1],
      isExpired: row[2],
      unrecordedGeneration: row[3],
      key: row[4],
      authentications: row[5],
      user: this.users.map(row, 6),
    }));
  }

  /**
   * Returns a session with the state that a rotation needs.
   *
   * @param key without a user ID, PostgreSQL searches every partition
   */
  async findForRefresh(
    manager: EntityManager,
    { sessionId: id, userId }: { readonly sessionId: string; readonly userId: string | null },
    graceMs: number,
  ): Promise<RefreshableSession | null> {
    type Row = [
      ...StateColumns,
      refreshSalt: Buffer,
      refreshCounter: number,
      isInGrace: boolean,
      isPairUsed: boolean,
      idleExpiresAt: Date,
    ];
    const [row] = await queryRows<Row>(
      manager,
      {
        text: `SELECT ${STATE}, s.refresh_salt, s.refresh_counter,
                      coalesce(s.refreshed_at > now() - $2 * interval '1 millisecond', false) AS is_in_grace,
                      s.is_pair_used, s.idle_expires_at, ${this.users.columns}
                 FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.id = $1 AND ($3::uuid IS NULL OR s.user_id = $3) AND s.kind = 'sign_in'
                  AND ${SERVER_ACCEPTS_WRITES}`,
      },
      [id, graceMs, userId],
    );
    if (!row) return null;
    const [, revokedReason, isExpired, refreshSalt, refreshCounter, isInGrace, isPairUsed, idleExpiresAt] = row;
    const user = this.users.map(row, 8);
    const state = { id, userId: user.id, user, revokedReason, isExpired };
    return { ...state, refreshSalt, refreshCounter, isInGrace, isPairUsed, idleExpiresAt };
  }

  /**
   * Locks a session and its user until the transaction ends, so that neither can be changed meanwhile. PostgreSQL reads
   * and locks the `WITH` part first, so it locks the user first, as every transaction that locks both does.
   */
  async lockForAction(manager: EntityManager, { userId, sessionId: id }: AccessClaims): Promise<SessionState | null> {
    const [row] = await queryRows<StateColumns>(
      manager,
      {
        text: `WITH u AS MATERIALIZED (SELECT * FROM users WHERE id = $1 FOR SHARE)
               SELECT ${STATE}, ${this.users.columns}
                 FROM u JOIN sessions s ON s.user_id = u.id
                WHERE s.user_id = $1 AND s.id = $2 FOR SHARE OF s`,
      },
      [userId, id],
    );
    if (!row) return null;
    const [, revokedReason, isExpired] = row;
    return { id, user: this.users.map(row, 3), revokedReason, isExpired };
  }

  /**
   * Increments the counter of a session, unless it has changed, and extends the idle timeout, up to the absolute timeout.
   * Returns whether it did. The statement contains all conditions, so that one of any number of parallel calls succeeds.
   */
  async rotate(
    manager: EntityManager,
    { id, userId, refreshCounter }: RefreshableSession,
    idleTimeoutMs: number,
  ): Promise<boolean> {
    const [, affected] = await manager.query<[unknown, number]>(
      `UPDATE sessions
          SET refresh_counter = refresh_counter + 1, refreshed_at = now(), last_seen_at = now(), is_pair_used = false,
              idle_expires_at = least(now() + $3 * interval '1 millisecond', expires_at)
        WHERE id = $1 AND user_id = $4 AND refresh_counter = $2
          AND revoked_at IS NULL AND idle_expires_at > now() AND expires_at > now()
          AND EXISTS (SELECT FROM users WHERE users.id = sessions.user_id AND users.is_active)`,
      [id, refreshCounter, idleTimeoutMs, userId],
    );
    return affected === 1;
  }

  /**
   * Updates `last_seen_at` of these sessions, at most once a minute each, and records the first use of their token pair.
   * Skips locked rows, because waiting for several of them could deadlock.
   */
  async markSeen(manager: EntityManager, claims: readonly AccessClaims[]): Promise<void> {
    await manager.query(
      `UPDATE sessions SET last_seen_at = now(), is_pair_used = is_pair_used OR stale.uses_pair
         FROM (SELECT s.user_id, s.id, s.refresh_counter = k.generation AS uses_pair
                 FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS k (user_id, id, generation)
                 JOIN sessions s ON s.user_id = k.user_id AND s.id = k.id
                WHERE s.last_seen_at < now() - ${LAST_SEEN_INTERVAL}
                   OR NOT s.is_pair_used AND s.refresh_counter = k.generation
                  FOR NO KEY UPDATE OF s SKIP LOCKED) AS stale
        WHERE sessions.user_id = stale.user_id AND sessions.id = stale.id`,
      [...toArrays(claims), claims.map(({ generation = ANY_GENERATION }) => generation)],
    );
  }
}

/** Returns the user IDs and the session IDs as PostgreSQL array literals. UUIDs need no quotes. */
function toArrays(claims: readonly AccessClaims[]): [userIds: string, sessionIds: string] {
  const list = (ids: readonly string[]) => `{${ids.join(',')}}`;
  return [list(claims.map(({ userId }) => userId)), list(claims.map(({ sessionId }) => sessionId))];
}
