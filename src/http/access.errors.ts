import { ACR_TWO_FACTORS } from '../common/authentication.js';
import { DomainError, domainError } from '../common/domain.error.js';

const AGAIN = 'Authenticate again with POST /auth/step-up, then repeat the request.';
const AGAIN_WITH_TWO =
  'Authenticate again with POST /auth/step-up, once with a passkey or once with each of two factors. Then repeat the request.';
const ADD_FACTOR =
  'This needs two factors. Add one with POST /auth/factors/totp or a passkey, then repeat the request.';

/** The user must authenticate again, because the last time was too long ago or had too few factors (RFC 9470 §3). */
export class InsufficientAuthenticationError extends DomainError {
  /** The value of `WWW-Authenticate`. */
  readonly challenge: string;

  /**
   * @param maxAgeSeconds how long ago the authentication may have been
   * @param factors how many factors the user must have used
   * @param hasSecondFactor false if the account must add a factor before it can use two
   */
  constructor(maxAgeSeconds = 600, factors: 1 | 2 = 1, hasSecondFactor = true) {
    const twoFactors = hasSecondFactor ? AGAIN_WITH_TWO : ADD_FACTOR;
    const message = factors === 2 ? twoFactors : AGAIN;
    super('unauthenticated', 'insufficient_user_authentication', message, {
      extensions: { maxAge: maxAgeSeconds, minFactors: factors },
    });
    const levels = factors === 2 ? `, acr_values="${ACR_TWO_FACTORS}"` : '';
    this.challenge = `Bearer error="insufficient_user_authentication", max_age=${maxAgeSeconds}${levels}, error_description="${message}"`;
  }
}

/** `SECOND_FACTOR_REQUIRED` applies to the user, who has none yet. */
export class SecondFactorEnrollmentRequiredError extends domainError(
  'forbidden',
  'second_factor_enrollment_required',
  'This account needs a second factor. Enroll one with POST /auth/factors/totp or a passkey.',
) {}

/** The scopes of the API key do not include the route. */
export class InsufficientScopeError extends DomainError {
  /** The value of `WWW-Authenticate` (RFC 6750 §3.1). */
  readonly challenge: string;

  /** @param scopes of which the key needs one. If empty, no key with scopes may call the route */
  constructor(scopes: readonly string[] = []) {
    const message =
      scopes.length > 0
        ? `This needs an API key with the scope ${scopes.join(' or ')}.`
        : 'The scopes of this API key do not allow this.';
    super('forbidden', 'insufficient_scope', message);
    this.challenge = `Bearer error="insufficient_scope"${scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : ''}`;
  }
}

/** No API key may call the route. */
export class SignInRequiredError extends domainError(
  'forbidden',
  'sign_in_required',
  'API keys cannot do this. Sign in.',
) {}
