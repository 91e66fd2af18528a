import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { Database } from '../../platform/database/database.js';
import type { PasskeyRequestOptionsDto } from '../passkeys/dto/passkey-options.dto.js';
import type { ChallengeScope } from '../passkeys/passkey-challenges.js';
import { PasskeyOptionsService } from '../passkeys/passkey-options.service.js';
import { PasskeysRepository } from '../passkeys/passkeys.repository.js';
import { FactorSignInService } from './factor-sign-in.service.js';

/** Returns the options for the use of a passkey. None of them writes a row. */
@Injectable()
export class PasskeyRequestService {
  constructor(
    private readonly database: Database,
    private readonly signIns: FactorSignInService,
    private readonly passkeys: PasskeysRepository,
    private readonly options: PasskeyOptionsService,
  ) {}

  forSignIn(): PasskeyRequestOptionsDto {
    return this.options.forRequest({ purpose: 'sign_in' });
  }

  /** @param challenge of `second_factor_required` @throws ChallengeInvalidError, TooManyRequestsError */
  async forSecondFactor(challenge: string, client: Client): Promise<PasskeyRequestOptionsDto> {
    const userId = await this.signIns.findUserId(challenge, client);
    return this.forUser(userId, { purpose: 'second_factor', boundTo: challenge });
  }

  forStepUp({ userId, sessionId }: Principal): Promise<PasskeyRequestOptionsDto> {
    return this.forUser(userId, { purpose: 'step_up', boundTo: sessionId });
  }

  private async forUser(userId: string, scope: ChallengeScope): Promise<PasskeyRequestOptionsDto> {
    return this.options.forRequest(scope, await this.database.run((manager) => this.passkeys.list(manager, userId)));
  }
}
