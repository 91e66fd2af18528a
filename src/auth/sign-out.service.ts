import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../platform/database/database.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';
import { SessionRotationService } from '../sessions/session-rotation.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { SessionsService } from '../sessions/sessions.service.js';

@Injectable()
export class SignOutService {
  constructor(
    private readonly database: Database,
    private readonly rotation: SessionRotationService,
    private readonly sessions: SessionsService,
    private readonly repository: SessionsRepository,
    private readonly limits: RateLimitsService,
  ) {}

  /**
   * Revokes the session of the access token and that of the refresh token, which are usually the same. Accepts every
   * genuine refresh token of a session, including earlier ones. Ignores all others (RFC 7009 §2.2), so that the response
   * does not reveal whether a session exists.
   */
  async signOut(principal: Principal | null, refreshToken: string | undefined, client: Client): Promise<void> {
    if (principal) await this.sessions.signOut(principal);
    const token = refreshToken === undefined ? null : parseRefreshToken(refreshToken);
    if (!token || token.sessionId === principal?.sessionId) return;
    const session = await this.rotation.findSession(token);
    if (!session) return this.countGuess(client, token.sessionId);
    if (session.revokedReason) return;
    const { id, userId } = session;
    const actor = { userId, sessionId: id, client };
    await this.database.run((manager) => this.repository.revoke(manager, { id, userId }, { reason: 'logout', actor }));
  }

  /**
   * Counts a token that is not genuine towards the limits of refreshes. Beyond them, only the delay differs. The token is
   * always verified first, so that strangers cannot make the sign-out of a genuine token fail silently.
   */
  private async countGuess({ ipAddress, userAgent, response }: Client, account: string): Promise<void> {
    // Without the listener, the response has no limit headers.
    const client = { ipAddress, userAgent, ...(response && { response }) };
    try {
      await this.limits.spend('refresh', { client, account });
    } catch (error) {
      if (!(error instanceof TooManyRequestsError)) throw error;
    }
  }
}
