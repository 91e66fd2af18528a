import { domainError, DomainError } from '../../common/domain.error.js';

/** The challenge in examples. */
export const CHALLENGE = 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZA';

/** The second factors that a sign-in can use. */
export type SignInFactor = 'totp' | 'passkey' | 'recovery_code';

/** The password is correct, and the account has a second factor. */
export class SecondFactorRequiredError extends DomainError {
  constructor(
    readonly challenge = CHALLENGE,
    readonly factors: readonly SignInFactor[] = ['totp'],
  ) {
    super(
      'unauthenticated',
      'second_factor_required',
      'This account needs a second factor. Send one with the challenge to POST /auth/login/factor.',
      { extensions: { challenge, factors } },
    );
  }
}

/** The password is correct, and the account has a second factor. The token endpoint takes both together. */
export class OtpRequiredError extends domainError(
  'unauthenticated',
  'second_factor_required',
  'This account needs a code. Send it with the password, as the parameter otp.',
) {}

/** The challenge is malformed, unknown, expired, used, void, or from another device. The response does not say which. */
export class ChallengeInvalidError extends domainError(
  'unauthenticated',
  'challenge_invalid',
  'This sign-in has expired or was completed. Sign in again.',
) {}

/** The code or the passkey is wrong, or was used before. */
export class FactorInvalidError extends domainError(
  'unauthenticated',
  'factor_invalid',
  'The second factor is incorrect, or the code was already used. Try again with a new code or another factor.',
) {}

/** No configured key opens the secrets of the user's authenticator apps. An operator must restore `FACTOR_SECRET`. */
export class FactorKeyMissingError extends domainError(
  'unavailable',
  'factor_key_missing',
  'Codes of authenticator apps cannot be verified at the moment. Use another second factor, or try again later.',
) {}

export class FactorNotFoundError extends domainError('not_found', 'factor_not_found', 'No such second factor.') {}

/** `SECOND_FACTOR_REQUIRED` applies to the account, whose only second factor this is. */
export class LastFactorError extends domainError(
  'conflict',
  'last_factor',
  'This account must have a second factor. Add another one first.',
) {}

export class FactorLimitReachedError extends domainError(
  'conflict',
  'factor_limit_reached',
  'This account has the maximum number of second factors. Delete one first.',
) {}

/** The account has no second factor that a recovery code could replace. */
export class FactorMissingError extends domainError(
  'conflict',
  'factor_missing',
  'This account has no second factor. Add one first.',
) {}
