import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Client } from '../common/client.js';
import { networkOf } from '../common/network.js';
import { lowestIdAt } from '../platform/audit/audit-sql.js';
import { parseRefreshToken, RefreshTokens } from './refresh-token.js';

/** An account remembers a device for this long after its session expired or signed out. */
const MEMORY_MS = 30 * 86_400_000;

const OWNER_MS = 86_400_000;
const OWNERS = `
 UNION ALL
SELECT e.id, ''::bytea, true FROM users u JOIN audit_events e ON e.user_id = u.id
 WHERE (u.id = $1 OR lower(u.email) = lower($2)) AND e.actor_id = u.id AND e.outcome = 'success'
   AND e.type IN ('user_created', 'email_verified', 'password_reset', 'invitation_accepted')
   AND e.id > ${lowestIdAt(`now() - interval '${OWNER_MS} milliseconds'`)}
   -- The event of a reset follows the change in the same transaction, and its time is rounded down.
   AND (u.password_changed_at < e.occurred_at + interval '1 second') IS NOT FALSE
   AND e.user_agent IS NOT DISTINCT FROM $4 AND e.ip_address <<= $5::inet`;

/** Identifies an account, whether or not it exists. */
export type AccountKey = { readonly id: string } | { readonly email: string };

/**
 * Distinguishes an account's own devices from those of strangers. A device is known if it is:
 *
 * - *Proven*: it presents a genuine refresh token, of any age, of a session of the account.
 * - *Seen*: a session of the account has the same user agent, and the same IPv4 address or IPv6 /64 network.
 *
 * The session must be a sign-in. It must be active, or have expired or signed out within `MEMORY_MS` and since the last
 * password change. Sessions that were revoked in any other way do not count, because their devices are no longer trusted.
 *
 * Someone in the same network can imitate a seen device. Use the result for rate limits and notifications only, never
 * to grant access.
 */
@Injectable()
export class KnownDevicesRepository {
  constructor(private readonly refreshTokens: RefreshTokens) {}

  /**
   * Returns an identifier of the device that is stable for this account, or `null` if the account does not know it. Runs
   * the same statement if the account does not exist. At sign-in, call it before the new session is created.
   */
  recognize(manager: EntityManager, account: AccountKey, client: Client): Promise<string | null> {
    return this.find(manager, account, client, { withOwners: false });
  }

  /**
   * Does the same as `recognize`. Also recognizes a device that has registered the account, verified its email or reset
   * its password within `OWNER_MS`, unless the password has changed since. Otherwise strangers who exhaust the limit could
   * lock the owner out.
   */
  recognizeOwner(manager: EntityManager, account: AccountKey, client: Client): Promise<string | null> {
    return this.find(manager, account, client, { withOwners: true });
  }

  private async find(
    manager: EntityManager,
    account: AccountKey,
    client: Client,
    { withOwners }: { readonly withOwners: boolean },
  ): Promise<string | null> {
    const token = parseRefreshToken(client.refreshToken ?? '');
    const network = client.ipAddress === null ? null : networkOf(client.ipAddress);
    const candidates = await manager.query<{ id: string; refreshSalt: Buffer; isSeen: boolean }[]>(
      `WITH remembered AS (
         SELECT s.id, s.refresh_salt AS "refreshSalt",
                coalesce(s.user_agent IS NOT DISTINCT FROM $4 AND s.ip_address <<= $5::inet, false) AS "isSeen"
           FROM users u JOIN sessions s ON s.user_id = u.id
          WHERE (u.id = $1 OR lower(u.email) = lower($2)) AND s.kind = 'sign_in'
            AND (s.revoked_at IS NULL
                 OR s.revoked_reason = 'logout' AND (u.password_changed_at < s.revoked_at) IS NOT FALSE)
            AND least(s.idle_expires_at, s.expires_at, s.revoked_at) > now() - $6::float8 * interval '1 millisecond')
       SELECT * FROM remembered WHERE "isSeen" OR id = $3${withOwners ? OWNERS : ''}`,
      [
        'id' in account ? account.id : null,
        'email' in account ? account.email : null,
        token?.sessionId ?? null,
        client.userAgent,
        network,
        MEMORY_MS,
      ],
    );
    const proven = candidates.find(({ id }) => id === token?.sessionId);
    if (token && proven && this.refreshTokens.isAuthentic(token, proven)) return `session ${proven.id}`;
    return candidates.some(({ isSeen }) => isSeen) ? `seen ${fingerprint(network, client.userAgent)}` : null;
  }
}

function fingerprint(...values: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url');
}
