import { Injectable } from '@nestjs/common';
import type { AuthenticationMethod } from '../../common/authentication.js';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { SessionNotFoundError } from '../../sessions/sessions.errors.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { PasswordConfirmationService } from '../../users/password-confirmation.service.js';
import { STEP_UP } from './step-up.audit.js';

/** Lets signed-in users authenticate again (RFC 9470). The session's row records it, so their tokens stay the same. */
@Injectable()
export class StepUpService {
  constructor(
    private readonly database: Database,
    private readonly confirmation: PasswordConfirmationService,
    private readonly sessions: SessionsRepository,
    private readonly audit: AuditRecorder,
  ) {}

  /** @throws the errors of `PasswordConfirmationService.confirmPassword`, SessionNotFoundError */
  async confirmPassword(actor: Principal, client: Client, password: string): Promise<void> {
    await this.confirmation.confirmPassword(actor, client, password);
    await this.record(actor, 'pwd');
  }

  private record(actor: Principal, method: AuthenticationMethod): Promise<void> {
    return this.database.transactionWithRetry(async (manager) => {
      // It can have ended while the password was verified.
      if (!(await this.sessions.recordAuthentication(manager, actor, method)))
        throw new SessionNotFoundError({ claims: actor });
      await this.audit.record(manager, { type: STEP_UP, userId: actor.userId, actor, details: { method } });
    });
  }
}
