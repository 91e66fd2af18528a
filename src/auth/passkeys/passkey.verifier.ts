import { Injectable, Logger } from '@nestjs/common';
import { ValidationFailedError } from '../../common/domain.error.js';
import { idToHex } from '../../common/id.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { PasskeyChallenges, type ChallengeScope, type PresentedChallenge } from './passkey-challenges.js';
import { ALGORITHMS, assertUsableKey } from './passkey-public-key.js';
import type { PasskeyAssertion, PasskeyRegistration } from './passkey-response.js';
import { PasskeyInvalidError } from './passkeys.errors.js';

/** The fields of a stored passkey that verification needs. */
export interface VerificationPasskey {
  readonly userId: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
}

/** A passkey that its owner has just created. */
export interface VerifiedRegistration extends Omit<VerificationPasskey, 'userId'> {
  readonly challenge: PresentedChallenge;
  readonly signCount: number;
  readonly isBackedUp: boolean;
  readonly transports: string[];
}

/** The use of a passkey. The caller must still check the counter and that the challenge is unused. */
export interface VerifiedAssertion {
  readonly challenge: PresentedChallenge;
  readonly signCount: number;
  readonly isBackedUp: boolean;
}

/** Verifies the responses of authenticators (WebAuthn Level 3 §7), without the database. */
@Injectable()
export class PasskeyVerifier {
  private readonly logger = new Logger(PasskeyVerifier.name);
  private readonly config: Config['passkeys'];
  private hasReportedOrigin = false;

  constructor(
    @InjectConfig() { passkeys }: Config,
    private readonly challenges: PasskeyChallenges,
  ) {
    this.config = passkeys;
  }

  /**
   * Verifies a new passkey. Drops its attestation, because we trust no manufacturer, and the library would request URLs
   * from the certificates in it.
   *
   * @throws ValidationFailedError if the response is malformed
   * @throws PasskeyInvalidError
   */
  async verifyRegistration(response: PasskeyRegistration, scope: ChallengeScope): Promise<VerifiedRegistration> {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const attestationObject = await withoutAttestation(response.response.attestationObject);
    return this.verify(response, scope, async (expected) => {
      const { registrationInfo } = await verifyRegistrationResponse({
        ...expected,
        response: {
          ...response,
          response: { clientDataJSON: response.response.clientDataJSON, attestationObject },
          clientExtensionResults: {},
        },
        supportedAlgorithmIDs: ALGORITHMS,
      });
      if (!registrationInfo) throw new Error('The registration was not verified.');
      const { credential, credentialBackedUp: isBackedUp } = registrationInfo;
      // The library does not compare the two IDs, and only that of the response has passed validation.
      if (credential.id !== response.id) throw new Error('The credential has another ID.');
      await assertUsableKey(credential.publicKey);
      return {
        credentialId: Buffer.from(credential.id, 'base64url'),
        publicKey: Buffer.from(credential.publicKey),
        signCount: credential.counter,
        isBackedUp,
        transports: response.response.transports,
      };
    });
  }

  /** Verifies the use of a passkey. @throws PasskeyInvalidError */
  async verifyAssertion(
    response: PasskeyAssertion,
    passkey: VerificationPasskey,
    scope: ChallengeScope,
  ): Promise<VerifiedAssertion> {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    const { userHandle, ...signed } = response.response;
    // Without a user, the authenticator must name its user (§7.2).
    if (userHandle ? userHandle !== userHandleOf(passkey.userId) : scope.purpose === 'sign_in')
      throw new PasskeyInvalidError();
    return this.verify(response, scope, async (expected) => {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        ...expected,
        response: { ...response, response: signed, clientExtensionResults: {} },
        // `recordUse` compares the counter, because the library would compare it before it verifies the signature.
        credential: { id: response.id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
      });
      if (!verified) throw new Error('The signature is wrong.');
      return { signCount: authenticationInfo.newCounter, isBackedUp: authenticationInfo.credentialBackedUp };
    });
  }

  /** Calls the library, which throws an `Error` for every flaw of the response. */
  private async verify<T extends object>(
    { response }: PasskeyAssertion | PasskeyRegistration,
    scope: ChallengeScope,
    verify: (expected: Expected) => Promise<T>,
  ): Promise<T & { challenge: PresentedChallenge }> {
    const data = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString()) as ClientData;
    const challenge = this.challenges.verify(data.challenge, scope);
    // A frame of another site could hide what the user confirms.
    if (!challenge || data.crossOrigin === true || data.topOrigin !== undefined) throw new PasskeyInvalidError();
    const { origins, rpId } = this.config;
    try {
      const expected = { expectedChallenge: data.challenge, expectedOrigin: [...origins], expectedRPID: rpId };
      return { ...(await verify({ ...expected, requireUserVerification: true })), challenge };
    } catch (cause) {
      this.reportOrigin(data.origin);
      throw new PasskeyInvalidError('not_verified', { cause });
    }
  }

  /** Logs the first origin that is not listed, because the response names no cause. Anyone can send further ones. */
  private reportOrigin(origin: unknown): void {
    if (this.hasReportedOrigin || typeof origin !== 'string' || this.config.origins.includes(origin)) return;
    this.hasReportedOrigin = true;
    this.logger.warn(
      `A page of ${JSON.stringify(origin.slice(0, 200))} tried to use a passkey. If the page is yours, add its origin to ` +
        'WEBAUTHN_ORIGINS.',
    );
  }
}

interface ClientData {
  readonly challenge: string;
  readonly origin?: unknown;
  readonly crossOrigin?: unknown;
  readonly topOrigin?: unknown;
}

interface Expected {
  readonly expectedChallenge: string;
  readonly expectedOrigin: string[];
  readonly expectedRPID: string;
  readonly requireUserVerification: true;
}

/** Returns the user handle of an account: the bytes of its ID, which is not personal data (§14.6.1). */
export function userHandleOf(userId: string): string {
  return Buffer.from(idToHex(userId), 'hex').toString('base64url');
}

/** @throws ValidationFailedError if the object is not CBOR with authenticator data */
async function withoutAttestation(attestationObject: string): Promise<string> {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await import('@simplewebauthn/server/helpers');
  try {
    const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get('authData');
    if (!ArrayBuffer.isView(authData)) throw new Error('There is no authenticator data.');
    const parts = { fmt: 'none', attStmt: new Map<string, string>(), authData };
    return Buffer.from(isoCBOR.encode(new Map(Object.entries(parts)))).toString('base64url');
  } catch {
    throw new ValidationFailedError([
      { pointer: '/response/response/attestationObject', message: 'must be an attestation object' },
    ]);
  }
}
