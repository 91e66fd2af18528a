import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Database } from '../database/database.js';
import type { LimitedClient } from '../rate-limits/limited-client.js';
import type { Device } from '../sessions/device.js';
import type { ClaimedDevice } from '../sessions/known-devices.js';
import { SessionRefreshService } from '../sessions/session-refresh.service.js';
import { SessionLimitReachedError } from '../sessions/sessions.errors.js';
import { SessionsService, type OpenedSession } from '../sessions/sessions.service.js';
import { CredentialsService } from '../users/credentials.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService, type NewUser } from '../users/users.service.js';
import { AccessTokenService } from './access-token.service.js';
import { AuthLimits } from './auth-limits.js';

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
    private readonly sessions: SessionsService,
    private readonly refreshes: SessionRefreshService,
    private readonly accessTokens: AccessTokenService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Creates an account for whoever asks.
   *
   * @throws EmailTakenError, TooManyRequestsError
   */
  async register(user: NewUser, client: LimitedClient): Promise<User> {
    await this.limits.register(user.email, client);
    return this.users.register(user, client);
  }

  /**
   * Signs someone in on a device: checks who they are, and begins a session.
   *
   * @throws InvalidCredentialsError, SessionLimitReachedError, TooManyRequestsError
   */
  login(email: string, password: string, device: Device & ClaimedDevice & LimitedClient): Promise<Grant> {
    return this.limits.login(email, device, () => this.signIn(email, password, device));
  }

  /**
   * Exchanges a refresh token for its successor and a new access token.
   *
   * @throws RefreshTokenInvalidError, RefreshTokenReusedError, SessionRevokedError, SessionExpiredError,
   *   UserInactiveError, TooManyRequestsError
   */
  async refresh(presented: string, client: LimitedClient): Promise<Grant> {
    const refresh = () => this.refreshes.refresh(presented, client);
    const { user, sessionId, refreshToken } = await this.limits.refresh(presented, client, refresh);
    return this.grant(user, sessionId, refreshToken);
  }

  private async signIn(email: string, password: string, device: Device): Promise<Grant> {
    const user = await this.credentials.verify(email, password, device);
    const opened = await this.open(user, device);
    // Another sign-in may have replaced the hash of the very same password. Look again.
    if (!opened) return this.signIn(email, password, device);
    return this.grant(user, opened.session.id, opened.refreshToken);
  }

  /** Begins a session for someone who was verified, unless they changed since. */
  private async open(user: User, device: Device): Promise<OpenedSession | null> {
    try {
      return await this.database.transaction(async (manager) =>
        (await this.credentials.hold(manager, user)) ? this.sessions.open(manager, user.id, device) : null,
      );
    } catch (error) {
      if (error instanceof SessionLimitReachedError) await this.recordRefused(user, device, error.code);
      throw error;
    }
  }

  /** In a transaction of its own: the one that was to begin a session is rolled back. */
  private async recordRefused({ id: userId }: User, device: Device, reason: string): Promise<void> {
    const { deviceName } = device;
    await this.database.session((manager) =>
      this.audit.record(manager, {
        type: 'sign_in',
        outcome: 'failure',
        reason,
        userId,
        actor: { userId, client: device },
        deviceName,
      }),
    );
  }

  private async grant(user: User, sessionId: string, refreshToken: string): Promise<Grant> {
    const accessToken = await this.accessTokens.issue({ userId: user.id, sessionId });
    return { user, sessionId, refreshToken, ...accessToken };
  }
}
