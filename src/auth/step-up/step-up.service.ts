import { Injectable } from '@nestjs/common';
import type { AuthenticationMethod } from '../../common/authentication.js';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { SessionNotFoundError } from '../../sessions/sessions.errors.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { PasswordConfirmationService } from '../../users/password-confirmation.service.js';
import { UsersRepository } from '../../users/users.repository.js';
import { FactorInvalidError } from '../factors/factors.errors.js';
import type { FactorProof } from '../sign-in/factor-proof.js';
import { FactorVerifier } from '../sign-in/factor-verifier.js';
import { STEP_UP } from './step-up.audit.js';

/** Lets signed-in users authenticate again (RFC 9470). The session's row records it, so their tokens stay the same. */
@Injectable()
export class StepUpService {
  constructor(
    private readonly database: Database,
    private readonly confirmation: PasswordConfirmationService,
    private readonly limits: RateLimitsService,
    private readonly users: UsersRepository,
    private readonly verifier: FactorVerifier,
    private readonly sessions: SessionsRepository,
    private readonly audit: AuditRecorder,
  ) {}

  /** @throws the errors of `PasswordConfirmationService.confirmPassword`, SessionNotFoundError */
  async confirmPassword(actor: Principal, client: Client, password: string): Promise<void> {
    await this.confirmation.confirmPassword(actor, client, password);
    await this.database.transactionWithRetry((manager) => this.record(manager, actor, 'pwd'));
  }

  /**
   * Uses a second factor. Wrong ones count for the account, but not towards the limit of sign-ins, which someone with a
   * stolen session could otherwise exhaust.
   *
   * @throws FactorInvalidError, SessionNotFoundError, TooManyRequestsError
   */
  async confirmFactor(actor: Principal, client: Client, proof: FactorProof): Promise<void> {
    const { userId } = actor;
    const attempt = await this.limits.begin('login', { client, account: JSON.stringify({ stepUpOf: userId }) });
    await attempt.settle(this.useFactor(actor, proof));
  }

  /** Throws after the commit, because a rollback would lose the audit event. */
  private async useFactor(actor: Principal, proof: FactorProof): Promise<void> {
    const rejection = await this.database.transactionWithRetry(async (manager) => {
      const { userId } = actor;
      const user = await this.users.lockActive(manager, { id: userId });
      const method = user && (await this.verifier.verify(manager, user, proof, actor.client));
      if (method) return this.record(manager, actor, method);
      const error = new FactorInvalidError();
      await this.audit.record(manager, { type: STEP_UP, outcome: 'failure', reason: error.code, userId, actor });
      return error;
    });
    if (rejection) throw rejection;
  }

  private async record(manager: EntityManager, actor: Principal, method: AuthenticationMethod): Promise<void> {
    // The session can have ended while the password was verified.
    if (!(await this.sessions.recordAuthentication(manager, actor, method)))
      throw new SessionNotFoundError({ claims: actor });
    await this.audit.record(manager, { type: STEP_UP, userId: actor.userId, actor, details: { method } });
  }
}
