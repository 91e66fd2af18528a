import { Injectable, Logger } from '@nestjs/common';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import type { Client } from '../common/client.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database } from '../platform/database/database.js';
import { AccountsService } from '../users/accounts.service.js';
import type { User } from '../users/user.entity.js';
import { parseRefreshToken, RefreshTokens, type PresentedRefreshToken } from './refresh-token.js';
import { SecurityMailsService } from '../auth/security-mails.service.js';
import { SessionAccessRepository, type RefreshableSession } from './session-access.repository.js';
import { assertUsable } from './session-state.js';
import { RefreshTokenInvalidError, RefreshTokenReusedError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** A refreshed session: the successor of the token that was presented. */
export interface RefreshedSession {
  readonly sessionId: string;
  readonly user: User;
  readonly refreshToken: string;
}

/**
 * Rotation of refresh tokens with reuse detection and grace (RFC 9700 §4.14.2). The counter of the presented
 * token decides:
 *
 * - It is the session's: rotate, and answer the successor.
 * - It is the one before, and the rotation is younger than the grace: answer the same successor again. The
 *   answer was lost, or two tabs refreshed at once; nobody is signed out, and no second line of descent begins.
 * - It is older, or the grace is over: someone has a stolen token. The session ends.
 */
@Injectable()
export class SessionRefreshService {
  private readonly logger = new Logger(SessionRefreshService.name);
  private readonly grace: number;
  private readonly idleTimeout: number;

  constructor(
    @InjectConfig() config: Config,
    private readonly database: Database,
    private readonly access: SessionAccessRepository,
    private readonly sessions: SessionsRepository,
    private readonly refreshTokens: RefreshTokens,
    private readonly audit: AuditRecorder,
    private readonly accounts: AccountsService,
    private readonly securityMails: SecurityMailsService,
  ) {
    this.grace = config.refreshToken.grace;
    this.idleTimeout = config.session.idleTimeout;
  }

  /**
   * Exchanges a refresh token for its successor, and moves the session's idle limit.
   *
   * @throws RefreshTokenInvalidError and nothing is revoked: a stranger who knows a session's id cannot end it
   * @throws RefreshTokenReusedError and the session is revoked
   * @throws SessionRevokedError, SessionExpiredError, UserInactiveError
   */
  async refresh(text: string, client: Client): Promise<RefreshedSession> {
    const token = parseRefreshToken(text);
    if (!token) throw new RefreshTokenInvalidError();
    const session = await this.load(token);
    if (token.counter === session.refreshCounter && (await this.rotate(token))) return this.successor(session, token);
    // Either the token is an old one, or someone else rotated, revoked or let expire what was just read.
    return this.judgeAgain(token, client);
  }

  private async judgeAgain(token: PresentedRefreshToken, client: Client): Promise<RefreshedSession> {
    const session = await this.load(token);
    if (token.counter === session.refreshCounter - 1 && session.isInGrace) return this.successor(session, token);
    // Counters only grow, unless the database was restored from a backup that is older than the token.
    if (token.counter >= session.refreshCounter) throw new RefreshTokenInvalidError();
    const reuse = new RefreshTokenReusedError();
    await this.revokeReused(session, client, reuse.code);
    throw reuse;
  }

  /** Reads the session of a token, and makes sure that the token is ours and the session may be used. */
  private async load(token: PresentedRefreshToken): Promise<RefreshableSession> {
    const session = await this.database.run((manager) =>
      this.access.findForRefresh(manager, token.sessionId, this.grace),
    );
    if (!session || !this.refreshTokens.isAuthentic(token, session)) throw new RefreshTokenInvalidError();
    assertUsable(session);
    return session;
  }

  private rotate({ sessionId, counter }: PresentedRefreshToken): Promise<boolean> {
    return this.database.run((manager) => this.access.rotate(manager, sessionId, counter, this.idleTimeout));
  }

  private successor(session: RefreshableSession, token: PresentedRefreshToken): RefreshedSession {
    const refreshToken = this.refreshTokens.issue(session, token.counter + 1);
    return { sessionId: session.id, user: session.user, refreshToken };
  }

  /**
   * Ends a session whose token was stolen, and tells its user, once. Commits before the caller throws: the 401 must not
   * undo the revocation, nor its record.
   */
  private async revokeReused({ id, user }: RefreshableSession, client: Client, reason: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.accounts.hold(manager, { id: user.id });
      await this.audit.record(manager, {
        type: 'token_refresh',
        outcome: 'failure',
        reason,
        userId: user.id,
        sessionId: id,
        actor: { client },
      });
      const ended = await this.sessions.revoke(manager, { id }, { reason: 'refresh_reuse', actor: null });
      const session = ended > 0 && (await this.sessions.findOne(manager, { id }));
      if (session) await this.securityMails.post(manager, 'refresh_token_reused', user, session);
    });
    this.logger.warn(
      { sessionId: id, userId: user.id },
      'A used refresh token was presented again; its session is revoked',
    );
  }
}
