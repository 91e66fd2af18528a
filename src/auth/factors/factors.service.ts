import { Injectable } from '@nestjs/common';
import { isPlainName } from '../../common/device-name.js';
import type { Principal } from '../../common/principal.js';
import { requiresSecondFactor } from '../../common/role.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { METHOD_OF, type Factor } from './factor.entity.js';
import { FACTOR_ADDED, FACTOR_REMOVED, FACTOR_RENAMED, RECOVERY_CODES_REPLACED } from './factors.audit.js';
import { FactorLimitReachedError, FactorMissingError, FactorNotFoundError, LastFactorError } from './factors.errors.js';
import { factorAdded, factorRemoved, factorRenamed, recoveryCodesReplaced } from './factors.mails.js';
import { FactorsRepository } from './factors.repository.js';
import { RecoveryCodesRepository } from './recovery-codes.repository.js';

/** Limited, because each further authenticator app makes a guessed code more likely to be correct. */
const MAX_FACTORS = 10;

const DESCRIPTIONS = { totp: 'authenticator app', passkey: 'passkey' } as const;

export interface FactorList {
  readonly factors: readonly Factor[];
  readonly recoveryCodesLeft: number;
}

/** Lists and changes the second factors of the caller. Each change is recorded and mailed (ASVS 6.3.7). */
@Injectable()
export class FactorsService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly factors: FactorsRepository,
    private readonly recoveryCodes: RecoveryCodesRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /** Returns the active factors of the caller, oldest first. */
  listFactors({ userId }: Principal): Promise<FactorList> {
    return this.database.run(async (manager) => ({
      factors: await this.factors.listActive(manager, userId),
      recoveryCodesLeft: await this.recoveryCodes.count(manager, userId),
    }));
  }

  /** @throws FactorNotFoundError, the errors of `SessionsService.lockActor` */
  renameFactor(actor: Principal, id: string, name: string | null | undefined): Promise<Factor> {
    return this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      const factor = await this.findActive(manager, user, id);
      if (name === undefined || name === factor.name) return factor;
      await this.factors.rename(manager, factor, name);
      const renamed = { ...factor, name };
      await this.audit.record(manager, { type: FACTOR_RENAMED, userId: user.id, actor, details: detailsOf(factor) });
      await this.securityMails.queue(manager, factorRenamed, user, actor.client, describe(renamed));
      return renamed;
    });
  }

  /**
   * Deletes a factor. Also deletes the recovery codes if it is the last one.
   *
   * @throws FactorNotFoundError
   * @throws LastFactorError if the role of the account requires a second factor
   * @throws the errors of `SessionsService.lockActor`
   */
  async removeFactor(actor: Principal, id: string): Promise<void> {
    await this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      const factor = await this.findActive(manager, user, id);
      if ((await this.factors.countActive(manager, user.id)) === 1) {
        if (requiresSecondFactor(this.config.factors.required, user.role)) throw new LastFactorError();
        await this.recoveryCodes.delete(manager, user.id);
        await this.users.setSecondFactor(manager, user.id, false);
      }
      await this.factors.delete(manager, factor);
      await this.audit.record(manager, { type: FACTOR_REMOVED, userId: user.id, actor, details: detailsOf(factor) });
      await this.securityMails.queue(manager, factorRemoved, user, actor.client, describe(factor));
    });
  }

  /**
   * Creates ten new recovery codes and voids the earlier ones.
   *
   * @throws FactorMissingError, the errors of `SessionsService.lockActor`
   */
  replaceRecoveryCodes(actor: Principal): Promise<string[]> {
    return this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      if (!user.hasSecondFactor) throw new FactorMissingError();
      const codes = await this.recoveryCodes.replace(manager, user.id);
      await this.audit.record(manager, { type: RECOVERY_CODES_REPLACED, userId: user.id, actor });
      await this.securityMails.queue(manager, recoveryCodesReplaced, user, actor.client);
      return codes;
    });
  }

  /** @throws FactorLimitReachedError if the account has the maximum number of active factors */
  async assertRoom(manager: EntityManager, user: User): Promise<void> {
    if ((await this.factors.countActive(manager, user.id)) >= MAX_FACTORS) throw new FactorLimitReachedError();
  }

  /**
   * Activates a factor that the caller has just used, which counts as an authentication of their session. Returns recovery
   * codes with the first factor. Call `SessionsService.lockActor` and insert the factor first.
   *
   * @throws FactorNotFoundError if it is already active, or was deleted meanwhile
   * @throws FactorLimitReachedError
   */
  async activate(manager: EntityManager, actor: Principal, user: User, factor: Factor): Promise<string[] | undefined> {
    await this.assertRoom(manager, user);
    if (!(await this.factors.confirm(manager, factor))) throw new FactorNotFoundError();
    let codes: string[] | undefined;
    if (!user.hasSecondFactor) {
      await this.users.setSecondFactor(manager, user.id, true);
      codes = await this.recoveryCodes.replace(manager, user.id);
    }
    await this.sessionsRepository.recordAuthentication(manager, actor, METHOD_OF[factor.kind]);
    await this.audit.record(manager, { type: FACTOR_ADDED, userId: user.id, actor, details: detailsOf(factor) });
    await this.securityMails.queue(manager, factorAdded, user, actor.client, describe(factor));
    return codes;
  }

  private async findActive(manager: EntityManager, user: User, id: string): Promise<Factor> {
    const factor = await this.factors.findOne(manager, user.id, id);
    if (!factor?.confirmedAt) throw new FactorNotFoundError();
    return factor;
  }
}

const detailsOf = ({ id, kind }: Factor) => ({ factorId: id, kind });

/** Omits a name that could contain a message, because a stranger can register with the email of someone else. */
function describe({ kind, name }: Factor): string {
  return name !== null && isPlainName(name) ? `${DESCRIPTIONS[kind]} “${name}”` : DESCRIPTIONS[kind];
}
