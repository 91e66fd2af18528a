import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { UsersRepository } from '../../users/users.repository.js';
import type { PasskeyAssertion } from '../passkeys/passkey-response.js';
import { PasskeyUseService } from '../passkeys/passkey-use.service.js';
import type { VerifiedAssertion } from '../passkeys/passkey.verifier.js';
import { PasskeyInvalidError, type PasskeyFlaw } from '../passkeys/passkeys.errors.js';
import { PasskeysRepository, type Passkey } from '../passkeys/passkeys.repository.js';
import { EmailVerificationService } from '../recovery/email-verification.service.js';
import type { TokenGrant } from '../tokens/access-token.service.js';
import { SignInSessionService, type SignInResult } from './sign-in-session.service.js';

/** Signs users in with a passkey alone. */
@Injectable()
export class PasskeySignInService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly passkeys: PasskeysRepository,
    private readonly uses: PasskeyUseService,
    private readonly verification: EmailVerificationService,
    private readonly sessions: SignInSessionService,
  ) {}

  /**
   * Signs in the owner of a passkey. Failures count per client, but not per account, because a signature cannot be
   * guessed.
   *
   * @throws TooManyRequestsError, PasskeyInvalidError, EmailNotVerifiedError, SessionLimitReachedError
   */
  async signIn(response: PasskeyAssertion, client: Client): Promise<TokenGrant> {
    const attempt = await this.limits.begin('login', { client });
    return this.sessions.complete(attempt, this.authenticate(response, client));
  }

  private async authenticate(response: PasskeyAssertion, client: Client): Promise<SignInResult> {
    const passkey = await this.database.run((manager) => this.passkeys.find(manager, response.id), client);
    if (!passkey) return this.reject(null, 'unknown_passkey', client);
    const assertion = await this.uses.verify(response, passkey, { purpose: 'sign_in' });
    if (!assertion) return this.reject(passkey, 'not_verified', client);
    const user = await this.database.run((manager) => this.users.findActive(manager, { id: passkey.userId }), client);
    const mayRemind = user !== null && (await this.verification.mayRemind(user, client));
    const result = await this.database.transactionWithRetry(
      (manager) => this.createSession(manager, response, assertion, passkey.userId, client, mayRemind),
      client,
    );
    return result ?? this.reject(passkey, 'user_inactive', client);
  }

  /** Returns `null` if the user is inactive, or the passkey was deleted meanwhile. */
  private async createSession(
    manager: EntityManager,
    response: PasskeyAssertion,
    assertion: VerifiedAssertion,
    userId: string,
    client: Client,
    mayRemind: boolean,
  ): Promise<SignInResult | null> {
    const user = await this.users.lockActive(manager, { id: userId });
    const passkey = user && (await this.passkeys.find(manager, response.id, user.id));
    if (!passkey) return null;
    const flaw = await this.uses.record(manager, passkey, assertion, client);
    if (flaw) return this.sessions.reject(manager, user, new PasskeyInvalidError(flaw), client, flaw);
    const unverified = await this.verification.rejectUnverified(manager, user, mayRemind);
    if (unverified) return this.sessions.reject(manager, user, unverified, client);
    return this.sessions.start(manager, user, client, ['pop']);
  }

  /** Records the failure, then throws. */
  private async reject(passkey: Passkey | null, flaw: PasskeyFlaw, client: Client): Promise<never> {
    const error = new PasskeyInvalidError(flaw);
    const user = passkey && { id: passkey.userId };
    await this.database.run((manager) => this.sessions.recordRejection(manager, user, error, client, flaw));
    throw error;
  }
}
