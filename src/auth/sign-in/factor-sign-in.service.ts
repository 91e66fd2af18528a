import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import type { RateLimitAttempt } from '../../platform/rate-limits/rate-limit-attempt.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import type { User } from '../../users/user.entity.js';
import { ChallengesRepository, MAX_FAILURES, type LockedChallenge } from '../factors/challenges.repository.js';
import { SECOND_FACTOR_REQUESTED } from '../factors/factors.audit.js';
import {
  ChallengeInvalidError,
  FactorInvalidError,
  OtpRequiredError,
  SecondFactorRequiredError,
  type SignInFactor,
} from '../factors/factors.errors.js';
import { secondFactorFailed } from '../factors/factors.mails.js';
import { FactorsRepository } from '../factors/factors.repository.js';
import { RecoveryCodesRepository } from '../factors/recovery-codes.repository.js';
import { EmailVerificationService } from '../recovery/email-verification.service.js';
import { SecurityMailsService } from '../security-mails.service.js';
import type { TokenGrant } from '../tokens/access-token.service.js';
import type { FactorProof } from './factor-proof.js';
import { FactorVerifier } from './factor-verifier.js';
import { SignInSessionService, type SignInResult } from './sign-in-session.service.js';

/**
 * The second step of a sign-in. Either a factor that came with the password, or a challenge for the client, or `null` if
 * the client can only send both together.
 */
export type SecondStep = FactorProof | 'challenge' | null;

/** Completes sign-ins whose password was correct and whose account has a second factor. */
@Injectable()
export class FactorSignInService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly factors: FactorsRepository,
    private readonly recoveryCodes: RecoveryCodesRepository,
    private readonly challenges: ChallengesRepository,
    private readonly verifier: FactorVerifier,
    private readonly verification: EmailVerificationService,
    private readonly sessions: SignInSessionService,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Counts a guess if a factor came with the password. The attempt of the password has then succeeded, and is refunded
   * first, so that a rejected guess does not count as a wrong password.
   *
   * @throws TooManyRequestsError
   */
  async beginGuess(
    { id, hasSecondFactor }: User,
    step: SecondStep,
    client: Client,
    attempt: RateLimitAttempt,
  ): Promise<RateLimitAttempt | null> {
    if (!hasSecondFactor || step === null || step === 'challenge') return null;
    await attempt.refund();
    return this.verifier.beginGuess(id, client);
  }

  /** Creates the session or a challenge after the password was verified. The caller must have locked the user's row. */
  async takeStep(manager: EntityManager, user: User, step: SecondStep, client: Client): Promise<SignInResult> {
    if (step !== null && step !== 'challenge') return this.finishWithProof(manager, user, step, client);
    const actor = { userId: user.id, client };
    await this.audit.record(manager, { type: SECOND_FACTOR_REQUESTED, userId: user.id, actor });
    if (step === null) return { user, rejection: new OtpRequiredError() };
    const { token } = await this.challenges.create(manager, user.id, client);
    return { user, rejection: new SecondFactorRequiredError(token, await this.availableFactors(manager, user)) };
  }

  /**
   * Completes a sign-in with a second factor. The challenge works once, and is void after five wrong factors.
   *
   * @throws ChallengeInvalidError, FactorInvalidError, FactorKeyMissingError, EmailNotVerifiedError,
   *   SessionLimitReachedError, TooManyRequestsError
   */
  async signIn(token: string, proof: FactorProof, client: Client): Promise<TokenGrant> {
    const userId = await this.findUserId(token, client);
    const guess = await this.verifier.beginGuess(userId, client);
    const pending = this.database.transactionWithRetry(async (manager) => {
      const challenge = await this.challenges.lock(manager, token, client);
      const result = await this.finish(manager, challenge.user, proof, client);
      if (!(result.rejection instanceof FactorInvalidError)) await this.challenges.delete(manager, challenge);
      else await this.recordFailure(manager, challenge, client);
      return result;
    }, client);
    return this.sessions.complete(guess, pending);
  }

  /**
   * Returns the ID of a challenge's user. Unknown challenges count per client. A client that has exhausted its limit costs
   * no query.
   *
   * @throws ChallengeInvalidError, TooManyRequestsError
   */
  async findUserId(token: string, client: Client): Promise<string> {
    await this.limits.spend('login', { client }, []);
    try {
      return await this.database.run((manager) => this.challenges.findUserId(manager, token, client), client);
    } catch (error) {
      if (error instanceof ChallengeInvalidError) await this.limits.spend('login', { client }, ['address']);
      throw error;
    }
  }

  /** Completes a sign-in whose factor came with the password. A wrong one counts like that of a challenge. */
  private async finishWithProof(
    manager: EntityManager,
    user: User,
    proof: FactorProof,
    client: Client,
  ): Promise<SignInResult> {
    const result = await this.finish(manager, user, proof, client);
    if (result.rejection instanceof FactorInvalidError) {
      const { hash } = await this.challenges.create(manager, user.id, client);
      await this.recordFailure(manager, { hash, user }, client);
    }
    return result;
  }

  /** Counts a wrong factor. Queues a mail after each five in five minutes, because someone knows the password. */
  private async recordFailure(manager: EntityManager, challenge: LockedChallenge, client: Client): Promise<void> {
    const failures = await this.challenges.recordFailure(manager, challenge);
    if (failures % MAX_FAILURES === 0)
      await this.securityMails.queue(manager, secondFactorFailed, challenge.user, client);
  }

  /** Verifies the factor and creates the session. */
  private async finish(manager: EntityManager, user: User, proof: FactorProof, client: Client): Promise<SignInResult> {
    // The email can have changed since the password was verified.
    const unverified = await this.verification.rejectUnverified(manager, user, false);
    if (unverified) return this.sessions.reject(manager, user, unverified, client);
    const method = await this.verifier.verify(manager, user, proof, client);
    if (method) return this.sessions.start(manager, user, client, ['pwd', method]);
    return this.sessions.reject(manager, user, new FactorInvalidError(), client, 'wrong_factor');
  }

  private async availableFactors(manager: EntityManager, user: User): Promise<SignInFactor[]> {
    const kinds = (await this.factors.listActive(manager, user.id)).map(({ kind }) => kind);
    const hasCodes = (await this.recoveryCodes.count(manager, user.id)) > 0;
    return [...new Set(kinds), ...(hasCodes ? (['recovery_code'] as const) : [])];
  }
}
