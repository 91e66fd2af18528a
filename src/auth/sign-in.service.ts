import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { OverloadedError, type DomainError } from '../common/domain.error.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { KnownDevicesRepository } from '../sessions/known-devices.repository.js';
import { SessionLimitReachedError } from '../sessions/sessions.errors.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { SessionsService, type CreatedSession } from '../sessions/sessions.service.js';
import { normalizeEmail } from '../users/email.js';
import type { User } from '../users/user.entity.js';
import { InvalidCredentialsError } from '../users/users.errors.js';
import { UsersRepository } from '../users/users.repository.js';
import { newDevice } from './auth.mails.js';
import { resultOf, signIns } from './auth.metrics.js';
import { EmailVerificationService } from './recovery/email-verification.service.js';
import { EmailNotVerifiedError } from './recovery/recovery.errors.js';
import { SecurityMailsService } from './security-mails.service.js';
import { AccessTokenService, type TokenGrant } from './tokens/access-token.service.js';

/** The account can change while its password is verified. Then the sign-in starts over, at most this often. */
const MAX_ROUNDS = 10;
/** An account younger than this gets no mail about its first device. */
const NEW_ACCOUNT_MS = 86_400_000;

@Injectable()
export class SignInService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly verification: EmailVerificationService,
    private readonly knownDevices: KnownDevicesRepository,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly accessTokens: AccessTokenService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Signs a user in: checks the limits, the password and the email verification, creates a session, and issues tokens.
   * Limits failures per email, whether or not an account has it. Strangers who exhaust that limit do not lock out a
   * device that the account knows.
   *
   * @throws TooManyRequestsError, InvalidCredentialsError, EmailNotVerifiedError, SessionLimitReachedError,
   *   OverloadedError
   */
  async signIn(givenEmail: string, password: string, client: Client): Promise<TokenGrant> {
    await this.hasher.assertCapacity(client);
    const email = normalizeEmail(givenEmail);
    const attempt = await this.limits.begin('login', {
      client,
      account: JSON.stringify({ email }),
      knownDevice: () => this.database.run((manager) => this.knownDevices.recognizeOwner(manager, { email }, client)),
    });
    try {
      const grant = await this.authenticate(email, password, client);
      await attempt.succeeded();
      signIns.add({ result: resultOf() });
      return grant;
    } catch (error) {
      signIns.add({ result: resultOf(error) });
      await attempt.failed(error);
      throw error;
    }
  }

  private async authenticate(email: string, password: string, client: Client): Promise<TokenGrant> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const verified = await this.verifyPassword(email, password, client);
      if (!verified) continue;
      const mayRemind = this.verification.isMissing(verified) && (await this.verification.isMailAllowed(email, client));
      const result = await this.database.transactionWithRetry(
        (manager) => this.createSession(manager, verified, client, mayRemind),
        client,
      );
      if (!result) continue;
      const { user, created, rejection } = result;
      // Throw after the commit. A rollback would lose the audit event and the mail with a new link.
      if (!created) throw rejection;
      return this.accessTokens.grant(user, created.session.id, created.refreshToken, created.session.refreshCounter);
    }
    throw new OverloadedError();
  }

  /**
   * Returns the active user with this email and password. Replaces a hash of another system, cost or Unicode form
   * (ASVS 11.4.2), and returns `null` if the stored hash has changed meanwhile. Uses no database connection while it
   * hashes.
   *
   * @throws InvalidCredentialsError after the same work for each cause (ASVS 6.3.8). Only the audit log has the cause
   * @throws OverloadedError
   */
  private async verifyPassword(email: string, password: string, client: Client): Promise<User | null> {
    const user = await this.database.run((manager) => this.users.findWithHash(manager, { email }), client);
    const { isMatch, isOutdated } = await this.hasher.verify(password, user?.passwordHash, client);
    if (!user || !isMatch || !user.isActive) {
      const cause = !user ? 'unknown_address' : !isMatch ? 'wrong_password' : 'user_inactive';
      const error = new InvalidCredentialsError();
      // The event omits the email, because people sometimes type their password into that field.
      await this.database.run((manager) => this.recordRejection(manager, user, error, client, cause));
      throw error;
    }
    if (!isOutdated) return user;
    const passwordHash = await this.hasher.hash(password, client);
    const isReplaced = await this.database.run((manager) => this.users.replaceHash(manager, user, passwordHash));
    return isReplaced ? Object.assign(user, { passwordHash }) : null;
  }

  /**
   * Creates a session after the password was verified, records the sign-in, and queues a mail if the device is new.
   * Returns the rejection if the user may not sign in, or `null` if the password or the account has changed meanwhile.
   */
  private async createSession(
    manager: EntityManager,
    verified: User,
    client: Client,
    mayRemind: boolean,
  ): Promise<SignInResult | null> {
    const user = await this.users.lockIfUnchanged(manager, verified);
    if (!user) return null;
    if (this.verification.isMissing(user)) {
      if (mayRemind) await this.verification.remind(manager, user);
      return this.reject(manager, user, new EmailNotVerifiedError(), client);
    }
    // Check this before `makeRoom` revokes sessions, because their devices are then no longer known.
    const isNewDevice = await this.isNewDevice(manager, user, client);
    if (!(await this.sessions.makeRoom(manager, user.id))) {
      return this.reject(manager, user, new SessionLimitReachedError(), client);
    }
    const created = await this.sessions.createSession(manager, user.id, client, ['pwd']);
    await this.audit.record(manager, {
      type: 'sign_in',
      userId: user.id,
      actor: { userId: user.id, sessionId: created.session.id, client },
      deviceName: client.deviceName,
    });
    if (isNewDevice) await this.securityMails.queue(manager, newDevice, user, client);
    return { user, created };
  }

  /** Returns whether the user gets a mail about this device (ASVS 6.3.5). */
  private async isNewDevice(manager: EntityManager, user: User, client: Client): Promise<boolean> {
    if ((await this.knownDevices.recognize(manager, { id: user.id }, client)) !== null) return false;
    // An old account without sessions gets the mail: its sessions may have been pruned.
    const isNewAccount = Date.now() - user.createdAt.getTime() < NEW_ACCOUNT_MS;
    return !isNewAccount || (await this.sessionsRepository.count(manager, { userId: user.id, kind: 'sign_in' })) > 0;
  }

  private async reject(
    manager: EntityManager,
    user: User,
    rejection: DomainError,
    client: Client,
  ): Promise<SignInResult> {
    await this.recordRejection(manager, user, rejection, client);
    return { user, rejection };
  }

  /**
   * Records a failed sign-in. A cause means that the credentials were rejected, so the actor is unknown. If the audit
   * event cannot be written, the request fails with that error instead.
   */
  private recordRejection(
    manager: EntityManager,
    user: User | null,
    { code }: DomainError,
    client: Client,
    cause?: string,
  ): Promise<void> {
    return this.audit.record(manager, {
      type: 'sign_in',
      outcome: 'failure',
      reason: code,
      userId: user?.id ?? null,
      actor: { ...(user && !cause && { userId: user.id }), client },
      deviceName: client.deviceName,
      ...(cause && { details: { cause } }),
    });
  }
}

/** A session, or the reason why a user with the correct password may not sign in. */
type SignInResult =
  | { readonly user: User; readonly created: CreatedSession; readonly rejection?: never }
  | { readonly user: User; readonly created?: never; readonly rejection: DomainError };
