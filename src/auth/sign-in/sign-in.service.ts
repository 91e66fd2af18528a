import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { OverloadedError } from '../../common/domain.error.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import type { RateLimitAttempt } from '../../platform/rate-limits/rate-limit-attempt.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { KnownDevicesRepository } from '../../sessions/known-devices.repository.js';
import { normalizeEmail } from '../../users/email.js';
import type { User } from '../../users/user.entity.js';
import { InvalidCredentialsError } from '../../users/users.errors.js';
import { UsersRepository } from '../../users/users.repository.js';
import { FactorInvalidError, OtpRequiredError, SecondFactorRequiredError } from '../factors/factors.errors.js';
import { EmailVerificationService } from '../recovery/email-verification.service.js';
import type { TokenGrant } from '../tokens/access-token.service.js';
import { FactorSignInService, type SecondStep } from './factor-sign-in.service.js';
import { SignInSessionService, type SignInResult } from './sign-in-session.service.js';

/** The account can change while its password is verified. Then the sign-in starts over, at most this many times. */
const MAX_ROUNDS = 10;
/** The errors of a sign-in whose password was correct. Second factors have a limit of their own. */
const ERRORS_AFTER_PASSWORD = [SecondFactorRequiredError, OtpRequiredError];

@Injectable()
export class SignInService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly verification: EmailVerificationService,
    private readonly knownDevices: KnownDevicesRepository,
    private readonly factors: FactorSignInService,
    private readonly sessions: SignInSessionService,
  ) {}

  /**
   * Signs a user in: checks the limits, the password, the email verification and the second factor, creates a session,
   * and issues tokens. Limits failures per email, whether or not an account has it. Strangers who exhaust that limit do
   * not lock out a device that the account knows.
   *
   * @param secondStep the second factor, or what to do if the account needs one
   * @throws TooManyRequestsError, InvalidCredentialsError, EmailNotVerifiedError, SessionLimitReachedError,
   *   SecondFactorRequiredError, FactorInvalidError, OverloadedError
   */
  async signIn(
    givenEmail: string,
    password: string,
    client: Client,
    secondStep: SecondStep = 'challenge',
  ): Promise<TokenGrant> {
    await this.hasher.assertCapacity(client);
    const email = normalizeEmail(givenEmail);
    const attempt = await this.limits.begin('login', {
      client,
      account: JSON.stringify({ email }),
      knownDevice: () => this.database.run((manager) => this.knownDevices.recognizeOwner(manager, { email }, client)),
    });
    const pending = this.authenticate(email, password, client, secondStep, attempt);
    return this.sessions.complete(attempt, pending, ERRORS_AFTER_PASSWORD);
  }

  private async authenticate(
    email: string,
    password: string,
    client: Client,
    secondStep: SecondStep,
    attempt: RateLimitAttempt,
  ): Promise<SignInResult> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const verified = await this.verifyPassword(email, password, client);
      if (!verified) continue;
      const mayRemind = await this.verification.mayRemind(verified, client);
      const result = await this.finishSignIn(verified, client, mayRemind, secondStep, attempt);
      if (result) return result;
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
      await this.database.run((manager) => this.sessions.recordRejection(manager, user, error, client, cause));
      throw error;
    }
    if (!isOutdated) return user;
    const passwordHash = await this.hasher.hash(password, client);
    const isReplaced = await this.database.run((manager) => this.users.replaceHash(manager, user, passwordHash));
    return isReplaced ? Object.assign(user, { passwordHash }) : null;
  }

  /**
   * Finishes a sign-in whose password was correct. Counts a second factor that came with the password as a guess, unless
   * it is correct.
   *
   * @throws TooManyRequestsError
   */
  private async finishSignIn(
    verified: User,
    client: Client,
    mayRemind: boolean,
    secondStep: SecondStep,
    attempt: RateLimitAttempt,
  ): Promise<SignInResult | null> {
    const guess = await this.factors.beginGuess(verified, secondStep, client, attempt);
    const pending = this.database.transactionWithRetry(
      (manager) => this.createSession(manager, verified, client, mayRemind, secondStep),
      client,
    );
    return guess ? guess.settle(throwIfWrong(pending)) : pending;
  }

  /**
   * Creates a session after the password was verified. Returns the rejection if the user may not sign in, or `null` if
   * the password or the account has changed meanwhile.
   */
  private async createSession(
    manager: EntityManager,
    verified: User,
    client: Client,
    mayRemind: boolean,
    secondStep: SecondStep,
  ): Promise<SignInResult | null> {
    const user = await this.users.lockIfUnchanged(manager, verified);
    if (user?.hasSecondFactor !== verified.hasSecondFactor) return null;
    const unverified = await this.verification.rejectUnverified(manager, user, mayRemind);
    if (unverified) return this.sessions.reject(manager, user, unverified, client);
    if (user.hasSecondFactor) return this.factors.takeStep(manager, user, secondStep, client);
    return this.sessions.start(manager, user, client, ['pwd']);
  }
}

/** Throws the rejection of a wrong factor, so that it counts as a guess. */
async function throwIfWrong(pending: Promise<SignInResult | null>): Promise<SignInResult | null> {
  const result = await pending;
  if (result?.rejection instanceof FactorInvalidError) throw result.rejection;
  return result;
}
