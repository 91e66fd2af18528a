import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { networkOf } from '../common/network.js';
import type { EntityManager } from '../platform/database/database.js';
import { KnownDevicesRepository, type Account } from './known-devices.repository.js';
import { parseRefreshToken, RefreshTokens } from './refresh-token.js';

/** How long, in milliseconds, a device is remembered after its session expired: 30 days. */
const MEMORY = 30 * 86_400_000;

/**
 * Tells an account's own devices from strangers'. A device is known if it is one of these:
 *
 * - *Proven*: it shows a genuine refresh token, of any age, of a session of this account.
 * - *Seen*: a session of this account was begun with the same user agent, from the same IPv4 address or IPv6 /64.
 *
 * In both cases the session must work, or have expired or signed out less than 30 days ago; signed out by itself, and
 * under the present password. Any other one that was revoked proves nothing: it was ended because its device is no
 * longer trusted, or no longer there.
 *
 * What is only seen can be imitated, by someone in the same network. It may decide who is counted apart and what a
 * person is told, never who gets in.
 */
@Injectable()
export class KnownDevicesService {
  constructor(
    private readonly sessions: KnownDevicesRepository,
    private readonly refreshTokens: RefreshTokens,
  ) {}

  /** Whether the account knows this device. At a sign-in, ask before its own session begins. */
  async isKnown(manager: EntityManager, account: Account, device: Client): Promise<boolean> {
    return (await this.recognize(manager, account, device)) !== null;
  }

  /**
   * A name for the device, the same each time, by which this account can count what it does; or null if the account
   * does not know it. An account that does not exist is asked about with the same statement, and knows none.
   */
  async recognize(manager: EntityManager, account: Account, device: Client): Promise<string | null> {
    const token = parseRefreshToken(device.refreshToken ?? '');
    const network = device.ipAddress === null ? null : networkOf(device.ipAddress);
    const traces = { sessionId: token?.sessionId ?? null, userAgent: device.userAgent, network };
    const traced = await this.sessions.find(manager, account, traces, MEMORY);
    const proven = traced.find(({ id }) => id === token?.sessionId);
    if (token && proven && this.refreshTokens.isAuthentic(token, proven)) return `session ${proven.id}`;
    return traced.some(({ isSeen }) => isSeen) ? `seen ${fingerprint(network, device.userAgent)}` : null;
  }
}

function fingerprint(...traces: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(traces)).digest('base64url');
}
