import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain.error.js';
import type { Client } from '../common/client.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../platform/database/database.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';
import { SessionRotationService } from '../sessions/session-rotation.service.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { JwtStrategy } from './jwt.strategy.js';

@Injectable()
export class SignOutService {
  constructor(
    private readonly database: Database,
    private readonly rotation: SessionRotationService,
    private readonly sessions: SessionsService,
    private readonly repository: SessionsRepository,
    private readonly limits: RateLimitsService,
    private readonly strategy: JwtStrategy,
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
   * Revokes the session of any genuine token (RFC 7009). Ignores all others. A token that has expired has no session to
   * protect, so it is ignored, too.
   */
  async revokeToken(token: string, client: Client): Promise<void> {
    if (parseRefreshToken(token)) return this.signOut(null, token, client);
    try {
      const { userId, sessionId: id } = await this.strategy.verifyToken(token);
      const actor = { userId, sessionId: id, client };
      const filter = { id, userId };
      await this.database.run(
        (manager) => this.repository.revoke(manager, filter, { reason: 'logout', actor }),
        client,
      );
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'unauthenticated') throw error;
    }
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
