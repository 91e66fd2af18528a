import { Injectable } from '@nestjs/common';
import { IsNull, Not, type EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../platform/database/pg-errors.js';
import { Factor } from '../factors/factor.entity.js';
import { FactorsRepository } from '../factors/factors.repository.js';
import type { PresentedChallenge } from './passkey-challenges.js';
import type { VerifiedAssertion, VerifiedRegistration } from './passkey.verifier.js';
import { PasskeyTakenError, type PasskeyFlaw } from './passkeys.errors.js';

const UNIQUE_CREDENTIAL_ID = 'uq_factors_credential_id';

/** A factor of the kind `passkey`. */
export type Passkey = Factor & { readonly credentialId: Buffer; readonly publicKey: Buffer };

@Injectable()
export class PasskeysRepository {
  constructor(private readonly factors: FactorsRepository) {}

  /** @throws PasskeyTakenError if the credential is already registered */
  async insert(
    manager: EntityManager,
    owner: Pick<Factor, 'id' | 'userId' | 'name'>,
    { credentialId, publicKey, signCount, isBackedUp, transports }: VerifiedRegistration,
  ): Promise<void> {
    const passkey = { ...owner, kind: 'passkey', credentialId, publicKey, signCount, isBackedUp, transports } as const;
    try {
      await this.factors.insert(manager, passkey);
    } catch (error) {
      if (isUniqueViolation(error, UNIQUE_CREDENTIAL_ID)) throw new PasskeyTakenError();
      throw error;
    }
  }

  /** Returns a user's active passkeys, oldest first. */
  async list(manager: EntityManager, userId: string): Promise<Passkey[]> {
    return (await this.factors.listActive(manager, userId)).filter(isPasskey);
  }

  /** Returns an active passkey, of one user or of any. */
  async find(manager: EntityManager, id: string, userId?: string): Promise<Passkey | null> {
    const credentialId = Buffer.from(id, 'base64url');
    const where = { credentialId, confirmedAt: Not(IsNull()), ...(userId !== undefined && { userId }) };
    const factor = await manager.findOneBy(Factor, where);
    return factor && isPasskey(factor) ? factor : null;
  }

  /**
   * Records the use of a passkey. Returns `null`, or why it must be rejected. Accepts one of several uses of a challenge.
   * A counter that does not grow is a sign of a copied authenticator (WebAuthn §6.1.1), unless it is always 0.
   */
  async recordUse(manager: EntityManager, { id }: Passkey, use: VerifiedAssertion): Promise<PasskeyFlaw | null> {
    if (!(await this.useChallenge(manager, use.challenge))) return 'challenge_used';
    const [, updated] = await manager.query<[unknown, number]>(
      `UPDATE factors SET sign_count = $2, is_backed_up = $3, last_used_at = now()
        WHERE id = $1 AND (sign_count < $2 OR sign_count = 0 AND $2 = 0)`,
      [id, use.signCount, use.isBackedUp],
    );
    return updated === 1 ? null : 'counter_not_increased';
  }

  /** Returns whether the challenge was unused. A parallel call waits until this transaction ends. */
  async useChallenge(manager: EntityManager, { nonce, expiresAt }: PresentedChallenge): Promise<boolean> {
    const used = await manager.query<unknown[]>(
      `INSERT INTO used_passkey_challenges (nonce, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true`,
      [nonce, expiresAt],
    );
    return used.length === 1;
  }
}

function isPasskey(factor: Factor): factor is Passkey {
  return factor.kind === 'passkey';
}
