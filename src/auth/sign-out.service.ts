import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../platform/database/database.js';
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
    if (!session || session.revokedReason) return;
    const { id, userId } = session;
    const actor = { userId, sessionId: id, client };
    await this.database.run((manager) => this.repository.revoke(manager, { id, userId }, { reason: 'logout', actor }));
  }
}
