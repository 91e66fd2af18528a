import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { User } from '../../users/user.entity.js';
import type {
  PasskeyCreationOptionsDto,
  PasskeyDescriptorDto,
  PasskeyRequestOptionsDto,
} from './dto/passkey-options.dto.js';
import { CHALLENGE_TTL_MS, PasskeyChallenges, type ChallengeScope } from './passkey-challenges.js';
import { ALGORITHMS } from './passkey-public-key.js';
import { userHandleOf } from './passkey.verifier.js';
import type { Passkey } from './passkeys.repository.js';

/** Builds the options for `navigator.credentials`, each with a new challenge. */
@Injectable()
export class PasskeyOptionsService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly challenges: PasskeyChallenges,
  ) {}

  /** Returns the options of a new passkey. It must be discoverable, so that its user can sign in with it alone. */
  forCreation(user: User, existing: readonly Passkey[], scope: ChallengeScope): PasskeyCreationOptionsDto {
    const { passkeys, productName } = this.config;
    return {
      rp: { id: passkeys.rpId, name: productName },
      user: { id: userHandleOf(user.id), name: user.email, displayName: user.name ?? user.email },
      challenge: this.issue(scope),
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      timeout: CHALLENGE_TTL_MS,
      attestation: 'none',
      excludeCredentials: existing.map(describe),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    };
  }

  /** Returns the options of a sign-in or a step-up. @param allowed the passkeys of a known user */
  forRequest(scope: ChallengeScope, allowed?: readonly Passkey[]): PasskeyRequestOptionsDto {
    return {
      challenge: this.issue(scope),
      rpId: this.config.passkeys.rpId,
      timeout: CHALLENGE_TTL_MS,
      userVerification: 'required',
      ...(allowed && { allowCredentials: allowed.map(describe) }),
    };
  }

  private issue(scope: ChallengeScope): string {
    return this.challenges.issue(scope).toString('base64url');
  }
}

function describe({ credentialId, transports }: Passkey): PasskeyDescriptorDto {
  return { type: 'public-key', id: credentialId.toString('base64url'), transports: transports ?? [] };
}
