import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { EntityManager } from '../../platform/database/database.js';
import type { ChallengeScope } from './passkey-challenges.js';
import type { PasskeyAssertion } from './passkey-response.js';
import { PasskeyVerifier, type VerifiedAssertion } from './passkey.verifier.js';
import { PASSKEY_COPIED } from './passkeys.audit.js';
import { PasskeyInvalidError, type PasskeyFlaw } from './passkeys.errors.js';
import { PasskeysRepository, type Passkey } from './passkeys.repository.js';

/** Verifies and records the uses of passkeys. To record one, the caller must have locked the row of the user. */
@Injectable()
export class PasskeyUseService {
  constructor(
    private readonly passkeys: PasskeysRepository,
    private readonly verifier: PasskeyVerifier,
    private readonly audit: AuditRecorder,
  ) {}

  /** Uses a passkey of a known user. Returns whether it was accepted. */
  async use(
    manager: EntityManager,
    userId: string,
    response: PasskeyAssertion,
    scope: ChallengeScope,
    client: Client,
  ): Promise<boolean> {
    const passkey = await this.passkeys.find(manager, response.id, userId);
    if (!passkey) return false;
    const assertion = await this.verify(response, passkey, scope);
    return assertion !== null && (await this.record(manager, passkey, assertion, client)) === null;
  }

  /** Verifies a use without the database. Returns `null` if it must be rejected. */
  async verify(response: PasskeyAssertion, passkey: Passkey, scope: ChallengeScope): Promise<VerifiedAssertion | null> {
    try {
      return await this.verifier.verifyAssertion(response, passkey, scope);
    } catch (error) {
      if (error instanceof PasskeyInvalidError) return null;
      throw error;
    }
  }

  /** Records a verified use. Returns `null`, or why it must be rejected. */
  async record(
    manager: EntityManager,
    passkey: Passkey,
    assertion: VerifiedAssertion,
    client: Client,
  ): Promise<PasskeyFlaw | null> {
    const flaw = await this.passkeys.recordUse(manager, passkey, assertion);
    if (flaw === 'counter_not_increased') {
      const { id: factorId, userId } = passkey;
      const event = { type: PASSKEY_COPIED, outcome: 'failure', reason: flaw, userId, actor: { client } } as const;
      await this.audit.record(manager, { ...event, details: { factorId } });
    }
    return flaw;
  }
}
