import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { parseRefreshToken, RefreshTokens, type PresentedRefreshToken } from './refresh-token.js';
import { SessionAccessRepository } from './session-access.repository.js';
import { assertUsable, type RefreshableSession } from './session-state.js';
import { RefreshTokenInvalidError } from './sessions.errors.js';

/** The result of presenting a refresh token. */
export type Rotation =
  | {
      readonly isReuse: false;
      readonly session: RefreshableSession;
      readonly refreshToken: string;
      /** The counter of the refresh token. */
      readonly counter: number;
      /** Whether an unused successor was returned again after the grace period. */
      readonly isRepeat: boolean;
    }
  | { readonly isReuse: true; readonly session: RefreshableSession };

/**
 * Rotates refresh tokens, with reuse detection (RFC 9700 §4.14.2). The counter in the presented token decides:
 *
 * - It equals the session's counter: rotate and return the successor.
 * - It is one lower, within the grace period: return the same successor again, because two tabs refreshed at the same
 *   time. No second chain of tokens starts.
 * - It is one lower, neither token of the current pair was used, and the grace period is not zero: return the same
 *   successor again, because the response was lost.
 * - Otherwise the token was reused, so it may be stolen.
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
   * @param client that waits for the result, if any. If it disconnects before the session is read, nothing happens
   * @throws RefreshTokenInvalidError without revoking the session, because anyone who knows its ID can forge such a token
   * @throws SessionRevokedError, SessionExpiredError, UserInactiveError
   */
  async rotate(presented: string, client?: Client): Promise<Rotation> {
    const token = parseRefreshToken(presented);
    if (!token) throw new RefreshTokenInvalidError();
    let session = await this.load(token, client);
    if (token.counter === session.refreshCounter) {
      if (await this.advance(session)) return this.successor(session, token, false);
      // The session was rotated, revoked or expired since it was read.
      session = await this.load(token, client);
    }
    // Counters only grow. A higher one comes from a database that was restored from an older backup.
    if (token.counter >= session.refreshCounter) throw new RefreshTokenInvalidError();
    const isPrevious = token.counter === session.refreshCounter - 1;
    if (isPrevious && session.isInGrace) return this.successor(session, token, false);
    if (isPrevious && !session.isPairUsed && this.graceMs > 0) return this.successor(session, token, true);
    return { isReuse: true, session };
  }

  /** Returns the session of a token, usable or not, or `null` if the token is not genuine. */
  async findSession(token: PresentedRefreshToken, client?: Client): Promise<RefreshableSession | null> {
    const find = (manager: EntityManager) => this.access.findForRefresh(manager, token, this.graceMs);
    const session = await this.database.run(find, client);
    return session && this.refreshTokens.isAuthentic(token, session) ? session : null;
  }

  /** Reads the session of a token. Throws unless the token is genuine and the session is usable. */
  private async load(token: PresentedRefreshToken, client?: Client): Promise<RefreshableSession> {
    const session = await this.findSession(token, client);
    if (!session) throw new RefreshTokenInvalidError();
    assertUsable(session);
    return session;
  }

  private advance(session: RefreshableSession): Promise<boolean> {
    return this.database.run((manager) => this.access.rotate(manager, session, this.idleTimeoutMs));
  }

  private successor(session: RefreshableSession, token: PresentedRefreshToken, isRepeat: boolean): Rotation {
    const counter = token.counter + 1;
    return { isReuse: false, session, refreshToken: this.refreshTokens.issue(session, counter), counter, isRepeat };
  }
}
