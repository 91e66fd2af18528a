import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { DomainError } from '../common/domain.error.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import type { Client } from '../common/client.js';
import { EmailVerificationService } from './recovery/email-verification.service.js';
import { EmailNotVerifiedError } from './recovery/recovery.errors.js';
import { SessionRefreshService } from '../sessions/session-refresh.service.js';
import { SessionsService, type OpenedSession } from '../sessions/sessions.service.js';
import { CredentialsService } from '../users/credentials.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService, type Registration } from '../users/users.service.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import { AuthLimits } from './auth-limits.service.js';

/** What a client gets for signing in or refreshing. */
export interface Grant {
  readonly user: User;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The access token's life in seconds. */
  readonly expiresIn: number;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly limits: AuthLimits,
    private readonly users: UsersService,
    private readonly database: Database,
    private readonly credentials: CredentialsService,
    private readonly verification: EmailVerificationService,
    private readonly sessions: SessionsService,
    private readonly refreshes: SessionRefreshService,
    private readonly accessTokens: AccessTokenService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Creates an account for whoever asks.
   *
   * @throws PasswordTooWeakError, EmailTakenError, TooManyRequestsError, OverloadedError
   */
  async register(user: Registration, client: Client): Promise<User> {
    await this.limits.register(user.email, client);
    return this.users.register(user, client);
  }

  /**
   * Signs someone in on a device: checks who they are, and begins a session.
   *
   * @throws InvalidCredentialsError, EmailNotVerifiedError, SessionLimitReachedError, TooManyRequestsError,
   *   OverloadedError
   */
  login(email: string, password: string, device: Client): Promise<Grant> {
    return this.limits.login(email, device, () => this.signIn(email, password, device));
  }

  /**
   * Exchanges a refresh token for its successor and a new access token.
   *
   * @throws RefreshTokenInvalidError, RefreshTokenReusedError, SessionRevokedError, SessionExpiredError,
   *   UserInactiveError, TooManyRequestsError
   */
  async refresh(presented: string, client: Client): Promise<Grant> {
    const refresh = () => this.refreshes.refresh(presented, client);
    const { user, sessionId, refreshToken } = await this.limits.refresh(presented, client, refresh);
    return this.grant(user, sessionId, refreshToken);
  }

  private async signIn(email: string, password: string, device: Client): Promise<Grant> {
    const verified = await this.credentials.verify(email, password, device);
    const opened = await this.database.transaction(async (manager) => {
      const user = await this.credentials.hold(manager, verified);
      return user && { user, session: await this.open(manager, user, device) };
    });
    // Another sign-in may have replaced the hash of the very same password. Look again.
    if (!opened) return this.signIn(email, password, device);
    const { user, session } = opened;
    // What was written down of the refusal, and the mail with a new link, are committed by now.
    if (session instanceof DomainError) throw session;
    return this.grant(user, session.session.id, session.refreshToken);
  }

  /** Begins the session of someone whose password was right, or says why that is not enough. */
  private async open(manager: EntityManager, user: User, device: Client): Promise<OpenedSession | DomainError> {
    const opened = (await this.verification.admits(manager, user))
      ? await this.sessions.open(manager, user, device)
      : new EmailNotVerifiedError();
    if (opened instanceof DomainError) {
      const [userId, { deviceName }] = [user.id, device];
      const refusal = { type: 'sign_in', outcome: 'failure', reason: opened.code } as const;
      await this.audit.record(manager, { ...refusal, userId, actor: { userId, client: device }, deviceName });
    }
    return opened;
  }

  private async grant(user: User, sessionId: string, refreshToken: string): Promise<Grant> {
    const accessToken = await this.accessTokens.issue({ userId: user.id, sessionId });
    return { user, sessionId, refreshToken, ...accessToken };
  }
}
