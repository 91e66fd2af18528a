import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Whose sessions are meant. */
export type Account = { readonly id: string } | { readonly email: string };

/** What an account's session may be found by: its id, or where and with what it was begun. */
export interface DeviceTraces {
  readonly sessionId: string | null;
  readonly userAgent: string | null;
  /** An address, or a network that holds it. */
  readonly network: string | null;
}

/** A session of the account that has at least one of the traces. */
export interface TracedSession {
  readonly id: string;
  readonly refreshSalt: Buffer;
  readonly isSeen: boolean;
}

@Injectable()
export class KnownDevicesRepository {
  /**
   * The sessions of an account that have these traces, and work or worked less than `memory` ago. One that was revoked
   * is none of them, unless it signed itself out, and the password is still the same.
   * One statement, the same for an account that does not exist.
   *
   * @param memory milliseconds
   */
  async find(manager: EntityManager, account: Account, traces: DeviceTraces, memory: number): Promise<TracedSession[]> {
    const rows = await manager.query<{ id: string; refresh_salt: Buffer; is_seen: boolean }[]>(
      `WITH traced AS (
         SELECT s.id, s.refresh_salt,
                coalesce(s.user_agent IS NOT DISTINCT FROM $4 AND s.ip_address <<= $5::inet, false) AS is_seen
           FROM users u JOIN sessions s ON s.user_id = u.id
          WHERE (u.id = $1 OR lower(u.email) = lower($2))
            AND (s.revoked_at IS NULL
                 OR s.revoked_reason = 'logout' AND (u.password_changed_at < s.revoked_at) IS NOT FALSE)
            AND least(s.idle_expires_at, s.expires_at, s.revoked_at) > now() - $6::float8 * interval '1 millisecond')
       SELECT * FROM traced WHERE is_seen OR id = $3`,
      [
        'id' in account ? account.id : null,
        'email' in account ? account.email : null,
        traces.sessionId,
        traces.userAgent,
        traces.network,
        memory,
      ],
    );
    return rows.map((row) => ({ id: row.id, refreshSalt: row.refresh_salt, isSeen: row.is_seen }));
  }
}
