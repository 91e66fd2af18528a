import { Injectable } from '@nestjs/common';
import type { AuthenticationMethod } from '../../common/authentication.js';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import type { RateLimitAttempt } from '../../platform/rate-limits/rate-limit-attempt.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { KnownDevicesRepository } from '../../sessions/known-devices.repository.js';
import type { User } from '../../users/user.entity.js';
import { RECOVERY_CODE_USED } from '../factors/factors.audit.js';
import { recoveryCodesLow } from '../factors/factors.mails.js';
import { RecoveryCodesRepository } from '../factors/recovery-codes.repository.js';
import { TotpService } from '../factors/totp.service.js';
import { PasskeyUseService } from '../passkeys/passkey-use.service.js';
import { SecurityMailsService } from '../security-mails.service.js';
import type { FactorProof } from './factor-proof.js';

/** The user gets a mail when this many recovery codes are left. */
const LOW_CODES = 3;

/** Verifies second factors, at sign-in and in a step-up. */
@Injectable()
export class FactorVerifier {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly knownDevices: KnownDevicesRepository,
    private readonly totp: TotpService,
    private readonly recoveryCodes: RecoveryCodesRepository,
    private readonly passkeys: PasskeyUseService,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Counts a guess at sign-in. Call it after the password was verified, so that only someone with the password can
   * exhaust the limit. A known device has a limit of its own.
   *
   * @throws TooManyRequestsError
   */
  beginGuess(userId: string, client: Client): Promise<RateLimitAttempt> {
    return this.limits.begin('login', {
      client,
      account: JSON.stringify({ factorOf: userId }),
      knownDevice: () =>
        this.database.run((manager) => this.knownDevices.recognizeOwner(manager, { id: userId }, client), client),
    });
  }

  /**
   * Returns the method that the factor proves, and uses the factor up, or returns `null` if it is wrong. The caller must
   * have locked the user's row.
   */
  async verify(
    manager: EntityManager,
    user: User,
    proof: FactorProof,
    client: Client,
  ): Promise<AuthenticationMethod | null> {
    if ('passkey' in proof)
      return (await this.passkeys.use(manager, user.id, proof.passkey, proof.scope, client)) ? 'pop' : null;
    const isCorrect =
      'code' in proof
        ? await this.totp.useCode(manager, user.id, proof.code)
        : await this.useRecoveryCode(manager, user, proof.recoveryCode, client);
    return isCorrect ? 'otp' : null;
  }

  private async useRecoveryCode(manager: EntityManager, user: User, code: string, client: Client): Promise<boolean> {
    if (!(await this.recoveryCodes.use(manager, user.id, code))) return false;
    const left = await this.recoveryCodes.count(manager, user.id);
    const actor = { userId: user.id, client };
    await this.audit.record(manager, { type: RECOVERY_CODE_USED, userId: user.id, actor, details: { left } });
    if (left === LOW_CODES) await this.securityMails.queue(manager, recoveryCodesLow, user, client);
    return true;
  }
}
