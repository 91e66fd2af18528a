import { Injectable, Logger } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { DomainError } from '../common/domain.error.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { Database } from '../platform/database/database.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';
import { SessionRotationService } from '../sessions/session-rotation.service.js';
import type { SessionState } from '../sessions/session-state.js';
import { RefreshTokenReusedError } from '../sessions/sessions.errors.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { UsersRepository } from '../users/users.repository.js';
import { refreshTokenReused } from './auth.mails.js';
import { refreshes, resultOf } from './auth.metrics.js';
import { SecurityMailsService } from './security-mails.service.js';
import { AccessTokenService, type TokenGrant } from './tokens/access-token.service.js';

@Injectable()
export class RefreshService {
  private readonly logger = new Logger(RefreshService.name);

  constructor(
    private readonly limits: RateLimitsService,
    private readonly rotation: SessionRotationService,
    private readonly accessTokens: AccessTokenService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly sessions: SessionsRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Exchanges a refresh token for its successor and a new access token. A reused token revokes its session. Limits
   * failures only: a stranger who knows the session's ID can exhaust the limit but cannot stop a valid refresh.
   *
   * @throws RefreshTokenInvalidError, RefreshTokenReusedError, SessionRevokedError, SessionExpiredError,
   *   UserInactiveError, TooManyRequestsError
   */
  async refresh(presented: string, client: Client): Promise<TokenGrant> {
    this.limits.announce('refresh', client);
    try {
      const rotation = await this.rotation.rotate(presented, client);
      if (rotation.isReuse) return await this.rejectReuse(rotation.session, client);
      const { session, refreshToken, counter } = rotation;
      if (rotation.isRepeat) await this.recordRepeat(session, client);
      const grant = await this.accessTokens.grant(session.user, session.id, refreshToken, counter);
      refreshes.add({ result: resultOf() });
      return grant;
    } catch (error) {
      refreshes.add({ result: resultOf(error) });
      if (error instanceof DomainError && error.kind === 'unauthenticated') {
        await this.limits.spend('refresh', { client, account: parseRefreshToken(presented)?.sessionId });
      }
      throw error;
    }
  }

  /** Records that a token pair was returned again, because a thief may have requested it. */
  private recordRepeat({ id, user }: SessionState, client: Client): Promise<void> {
    const entry = {
      type: 'token_refresh',
      reason: 'repeated',
      userId: user.id,
      sessionId: id,
      actor: { client },
    } as const;
    return this.database.run((manager) => this.audit.record(manager, entry));
  }

  /** Revokes a session and notifies its user by mail. Commits before it throws, so that the 401 does not undo it. */
  private async rejectReuse({ id, user }: SessionState, client: Client): Promise<never> {
    const error = new RefreshTokenReusedError();
    await this.database.transactionWithRetry(async (manager) => {
      await this.users.lockActive(manager, { id: user.id });
      await this.audit.record(manager, {
        type: 'token_refresh',
        outcome: 'failure',
        reason: error.code,
        userId: user.id,
        sessionId: id,
        actor: { client },
      });
      const revoked = await this.sessions.revoke(
        manager,
        { id, userId: user.id },
        { reason: 'refresh_reuse', actor: null },
      );
      const session = revoked > 0 ? await this.sessions.findOne(manager, { id, userId: user.id }) : null;
      if (session) await this.securityMails.queue(manager, refreshTokenReused, user, session);
    });
    this.logger.warn({ sessionId: id, userId: user.id }, 'A refresh token was reused. Its session was revoked.');
    throw error;
  }
}
