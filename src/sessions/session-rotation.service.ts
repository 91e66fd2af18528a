import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database } from '../platform/database/database.js';
import { parseRefreshToken, RefreshTokens, type PresentedRefreshToken } from './refresh-token.js';
import { SessionAccessRepository, type RefreshableSession } from './session-access.repository.js';
import { assertUsable } from './session-state.js';
import { RefreshTokenInvalidError } from './sessions.errors.js';

/** The result of presenting a refresh token. */
export type Rotation =
  | { readonly isReuse: false; readonly session: RefreshableSession; readonly refreshToken: string }
  | { readonly isReuse: true; readonly session: RefreshableSession };

/**
 * Rotates refresh tokens, with reuse detection and a grace period (RFC 9700 §4.14.2). The counter in the presented token
 * decides:
 *
 * - It equals the session's counter: rotate and return the successor.
 * - It is one lower, within the grace period: return the same successor again. The response was lost, or two tabs
 *   refreshed at the same time. The user stays signed in, and no second chain of tokens starts.
 * - It is lower still, or the grace period is over: the token was reused, so it may be stolen.
 */
@Injectable()
export class SessionRotationService {
  private readonly graceMs: number;
  private readonly idleTimeoutMs: number;

  constructor(
    @InjectConfig() config: Config,
    private readonly database: Database,
    private readonly access: SessionAccessRepository,
    private readonly refreshTokens: RefreshTokens,
  ) {
    this.graceMs = config.refreshToken.grace;
    this.idleTimeoutMs = config.session.idleTimeout;
  }

  /**
   * Exchanges a refresh token for its successor and extends the session's idle timeout. The caller must revoke a session
   * whose token was reused.
   *
   * @throws RefreshTokenInvalidError without revoking the session, because anyone who knows its ID can forge such a token
   * @throws SessionRevokedError, SessionExpiredError, UserInactiveError
   */
  async rotate(presented: string): Promise<Rotation> {
    const token = parseRefreshToken(presented);
    if (!token) throw new RefreshTokenInvalidError();
    const session = await this.load(token);
    if (token.counter === session.refreshCounter && (await this.advance(session)))
      return this.successor(session, token);
    // The token is old, or the session was rotated, revoked or expired since it was read.
    const current = await this.load(token);
    if (token.counter === current.refreshCounter - 1 && current.isInGrace) return this.successor(current, token);
    // Counters only grow. A higher one comes from a database that was restored from an older backup.
    if (token.counter >= current.refreshCounter) throw new RefreshTokenInvalidError();
    return { isReuse: true, session: current };
  }

  /** Reads the session of a token. Throws unless the token is genuine and the session is usable. */
  private async load(token: PresentedRefreshToken): Promise<RefreshableSession> {
    const session = await this.database.run((manager) => this.access.findForRefresh(manager, token, this.graceMs));
    if (!session || !this.refreshTokens.isAuthentic(token, session)) throw new RefreshTokenInvalidError();
    assertUsable(session);
    return session;
  }

  private advance(session: RefreshableSession): Promise<boolean> {
    return this.database.run((manager) => this.access.rotate(manager, session, this.idleTimeoutMs));
  }

  private successor(session: RefreshableSession, token: PresentedRefreshToken): Rotation {
    return { isReuse: false, session, refreshToken: this.refreshTokens.issue(session, token.counter + 1) };
  }
}
