import { domainError, type ErrorDetails } from '../../common/domain.error.js';

/** Why a passkey was rejected, for the audit log. */
export type PasskeyFlaw =
  'unknown_passkey' | 'not_verified' | 'challenge_used' | 'counter_not_increased' | 'user_inactive';

/** The response does not say why. */
export class PasskeyInvalidError extends domainError(
  'unauthenticated',
  'passkey_invalid',
  'The passkey could not be verified. Try again.',
) {
  /** Private, so that `JSON.stringify` omits it. */
  readonly #flaw: PasskeyFlaw;

  constructor(flaw: PasskeyFlaw = 'not_verified', details: ErrorDetails = {}) {
    super(details);
    this.#flaw = flaw;
  }

  get flaw(): PasskeyFlaw {
    return this.#flaw;
  }
}

export class PasskeyTakenError extends domainError(
  'conflict',
  'passkey_taken',
  'This passkey already belongs to an account.',
) {}
