import { Injectable } from '@nestjs/common';
import type { Principal } from '../../common/principal.js';
import { requiresSecondFactor } from '../../common/role.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Actor } from '../../platform/audit/audit-event.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { UserNotFoundError } from '../../users/users.errors.js';
import { UsersRepository } from '../../users/users.repository.js';
import { NOT_ME_TTL_MS } from '../one-time-tokens/one-time-token.entity.js';
import { PendingEmailChangesRepository } from '../one-time-tokens/pending-email-changes.repository.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { ChallengesRepository } from './challenges.repository.js';
import { FACTORS_RESET } from './factors.audit.js';
import { LastFactorError } from './factors.errors.js';
import { factorsReset } from './factors.mails.js';
import { FactorsRepository } from './factors.repository.js';
import { RecoveryCodesRepository } from './recovery-codes.repository.js';

/** Removes the second factors of users who cannot do it themselves. */
@Injectable()
export class FactorsResetService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly factors: FactorsRepository,
    private readonly recoveryCodes: RecoveryCodesRepository,
    private readonly challenges: ChallengesRepository,
    private readonly emailChanges: PendingEmailChangesRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Removes all second factors and recovery codes of a user, revokes all their sessions, and voids a pending change of the
   * email. Does nothing if the user has no factor. Returns whether they had one.
   *
   * @param actor `null` for a command
   * @throws UserNotFoundError, the errors of `SessionsService.assertActorAllowed`
   * @throws LastFactorError if the actor must have a second factor and resets their own account
   */
  resetFactors(id: string, actor: Principal | null): Promise<boolean> {
    return this.database.transactionWithRetry(async (manager) => {
      // Also locks the row of the actor, in the order of other changes by admins. Otherwise two changes could deadlock.
      const user = (await this.users.lockWithAdmins(manager, id)).find((locked) => locked.id === id);
      if (!user) throw new UserNotFoundError();
      if (actor) await this.sessions.assertActorAllowed(manager, actor);
      if (!user.hasSecondFactor) return false;
      const isRequired = requiresSecondFactor(this.config.factors.required, user.role);
      if (isRequired && actor?.userId === id) throw new LastFactorError();
      const count = await this.factors.deleteAll(manager, id);
      await this.recoveryCodes.delete(manager, id);
      await this.challenges.void(manager, id);
      // Without factors, the email suffices to take the account over.
      await this.emailChanges.void(manager, id);
      await this.users.setSecondFactor(manager, id, false);
      await this.sessionsRepository.revoke(manager, { userId: id }, { reason: 'factors_reset', actor });
      const details = { count, by: actor ? 'admin' : 'command' };
      await this.audit.record(manager, { type: FACTORS_RESET, userId: id, actor, details });
      await this.securityMails.queue(manager, factorsReset, user, null);
      return true;
    });
  }

  /**
   * Removes all factors and recovery codes of a user who proves for the first time that the email is theirs. A stranger
   * who registered it may have added them, and could otherwise sign in with a passkey and lock the owner out.
   */
  async removeUnproven(
    manager: EntityManager,
    { id, hasSecondFactor }: User,
    actor: Actor,
    by: 'password_reset' | 'not_me',
  ): Promise<void> {
    if (!hasSecondFactor) return;
    await this.recoveryCodes.delete(manager, id);
    const count = await this.factors.deleteAll(manager, id);
    await this.users.setSecondFactor(manager, id, false);
    await this.audit.record(manager, { type: FACTORS_RESET, userId: id, actor, details: { count, by } });
  }

  /**
   * Removes the factors and recovery codes that were added within the lifetime of a not-me link, because a thief may have
   * added them. Older ones stay, so that access to the mailbox alone does not remove them.
   */
  async removeRecent(manager: EntityManager, { id, hasSecondFactor }: User, actor: Actor): Promise<void> {
    if (!hasSecondFactor) return;
    await this.recoveryCodes.delete(manager, id, NOT_ME_TTL_MS);
    const count = await this.factors.deleteAll(manager, id, NOT_ME_TTL_MS);
    if ((await this.factors.countActive(manager, id)) === 0) {
      await this.recoveryCodes.delete(manager, id);
      await this.users.setSecondFactor(manager, id, false);
    }
    if (count > 0)
      await this.audit.record(manager, { type: FACTORS_RESET, userId: id, actor, details: { count, by: 'not_me' } });
  }
}
