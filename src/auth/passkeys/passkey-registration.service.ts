import { Injectable } from '@nestjs/common';
import { newId } from '../../common/id.js';
import type { Principal } from '../../common/principal.js';
import { Database } from '../../platform/database/database.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { FactorsRepository } from '../factors/factors.repository.js';
import { FactorsService } from '../factors/factors.service.js';
import { FactorNotFoundError } from '../factors/factors.errors.js';
import type { PasskeyCreationOptionsDto } from './dto/passkey-options.dto.js';
import type { ChallengeScope } from './passkey-challenges.js';
import { PasskeyOptionsService } from './passkey-options.service.js';
import type { PasskeyRegistration } from './passkey-response.js';
import { PasskeyVerifier } from './passkey.verifier.js';
import { PasskeyInvalidError } from './passkeys.errors.js';
import { PasskeysRepository } from './passkeys.repository.js';

export interface RegisteredPasskey {
  readonly id: string;
  /** With the first factor of the account. */
  readonly recoveryCodes: string[] | undefined;
}

/** Adds passkeys to the account of the caller. */
@Injectable()
export class PasskeyRegistrationService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly factors: FactorsService,
    private readonly factorsRepository: FactorsRepository,
    private readonly passkeys: PasskeysRepository,
    private readonly options: PasskeyOptionsService,
    private readonly verifier: PasskeyVerifier,
  ) {}

  /** Returns the options for `navigator.credentials.create`. */
  async createOptions(actor: Principal, user: User): Promise<PasskeyCreationOptionsDto> {
    const existing = await this.database.run((manager) => this.passkeys.list(manager, user.id));
    return this.options.forCreation(user, existing, scopeOf(actor));
  }

  /**
   * Adds a passkey. It is active immediately.
   *
   * @throws PasskeyInvalidError, PasskeyTakenError, the errors of `FactorsService.activate`
   */
  async addPasskey(actor: Principal, name: string | null, response: PasskeyRegistration): Promise<RegisteredPasskey> {
    const registration = await this.verifier.verifyRegistration(response, scopeOf(actor));
    const id = newId();
    const recoveryCodes = await this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      if (!(await this.passkeys.useChallenge(manager, registration.challenge)))
        throw new PasskeyInvalidError('challenge_used');
      await this.passkeys.insert(manager, { id, userId: user.id, name }, registration);
      const factor = await this.factorsRepository.findOne(manager, user.id, id);
      if (!factor) throw new FactorNotFoundError();
      return this.factors.activate(manager, actor, user, factor);
    });
    return { id, recoveryCodes };
  }
}

function scopeOf({ sessionId }: Principal): ChallengeScope {
  return { purpose: 'registration', boundTo: sessionId };
}
