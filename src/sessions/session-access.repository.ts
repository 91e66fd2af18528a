import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { queryRows, type Statement } from '../platform/database/query-rows.js';
import { RowMapper } from '../platform/database/row-mapper.js';
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

const STATE = 's.id, s.revoked_reason, (s.idle_expires_at <= now() OR s.expires_at <= now()) AS is_expired';

type StateColumns = [id: string, revokedReason: RevocationReason | null, isExpired: boolean];

/** `last_seen_at` is updated at most this often, because every update is a write. */
const LAST_SEEN_INTERVAL = `interval '1 minute'`;

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
      text: `SELECT ${STATE}, s.last_seen_at < now() - ${LAST_SEEN_INTERVAL} AS is_last_seen_stale, ${this.users.columns}
               FROM sessions s JOIN users u ON u.id = s.user_id
              WHERE s.id = ANY($1::uuid[])`,
    };
  }

  /** Returns the sessions with these IDs in any order. Unknown IDs are missing from the result. */
  async findForGuard(manager: EntityManager, ids: readonly string[]): Promise<GuardedSession[]> {
    // A PostgreSQL array literal. UUIDs need no quotes.
    const array = `{${ids.join(',')}}`;
    const rows = await queryRows<[...StateColumns, isLastSeenStale: boolean]>(manager, this.forGuard, [array]);
    return rows.map((row) => ({
      id: row[0],
      revokedReason: row[1],
      isExpired: row[2],
      isLastSeenStale: row[3],
      user: this.users.map(row, 4),
    }));
  }

  /** Returns a session with the state that a rotation needs. */
  async findForRefresh(manager: EntityManager, id: string, graceMs: number): Promise<RefreshableSession | null> {
    type Row = [...StateColumns, refreshSalt: Buffer, refreshCounter: number, isInGrace: boolean];
    const [row] = await queryRows<Row>(
      manager,
      {
        text: `SELECT ${STATE}, s.refresh_salt, s.refresh_counter,
                      coalesce(s.refreshed_at > now() - $2 * interval '1 millisecond', false) AS is_in_grace,
                      ${this.users.columns}
                 FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.id = $1`,
      },
      [id, graceMs],
    );
    if (!row) return null;
    const [, revokedReason, isExpired, refreshSalt, refreshCounter, isInGrace] = row;
    const user = this.users.map(row, 6);
    return { id, user, revokedReason, isExpired, refreshSalt, refreshCounter, isInGrace };
  }

  /**
   * Locks a session and its user until the transaction ends, so that neither can be changed meanwhile. Locks the user
   * first, as every transaction that locks both does.
   */
  async lockForAction(manager: EntityManager, id: string): Promise<SessionState | null> {
    await manager.query('SELECT FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR SHARE', [id]);
    const [row] = await queryRows<StateColumns>(
      manager,
      {
        text: `SELECT ${STATE}, ${this.users.columns}
                 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 FOR SHARE OF s`,
      },
      [id],
    );
    if (!row) return null;
    const [, revokedReason, isExpired] = row;
    return { id, user: this.users.map(row, 3), revokedReason, isExpired };
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
   * Updates `last_seen_at` of these sessions, at most once a minute each. Skips locked rows, because waiting for
   * several of them could deadlock.
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
