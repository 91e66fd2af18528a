import type { DomainError, ErrorKind } from '../../common/domain.error.js';
import { TokenMissingError } from '../auth.errors.js';
import type { OAuthErrorCode, OAuthErrorDto } from './dto/token-response.dto.js';
import { UnsupportedGrantTypeError } from './oauth.errors.js';

/** The credentials or the token are wrong, or correct but not permitted to sign in. */
const REJECTED_GRANTS: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'forbidden', 'conflict']);

/** Replaces the message of `TokenMissingError`, which asks for an access token. */
export const SEND_A_KEY = 'Send an API key as a bearer token in the Authorization header.';

/** Formats the errors of an endpoint without authentication as OAuth errors (RFC 6749 §5.2, RFC 7009 §2.2.1). */
export function oauthError(error: DomainError): readonly [status: number, body: OAuthErrorDto] {
  const [status, code] = classify(error);
  return [status, { error: code, error_description: error.message }];
}

/** Formats the errors of an endpoint whose clients authenticate with an API key (RFC 7662 §2.3, RFC 6750 §3.1). */
export function keyError(error: DomainError): readonly [status: number, body: OAuthErrorDto, challenge?: string] {
  const describe = (code: OAuthErrorCode, description = error.message) => ({
    error: code,
    error_description: description,
  });
  if (error instanceof TokenMissingError) return [401, describe('invalid_client', SEND_A_KEY)];
  if (error.kind === 'unauthenticated') return [401, describe('invalid_token')];
  if (error.kind !== 'forbidden') return oauthError(error);
  return [403, describe('insufficient_scope'), 'Bearer error="insufficient_scope"'];
}

function classify(error: DomainError): readonly [status: number, code: OAuthErrorCode] {
  if (error instanceof UnsupportedGrantTypeError) return [400, 'unsupported_grant_type'];
  if (REJECTED_GRANTS.has(error.kind)) return [400, 'invalid_grant'];
  // The RFC has no code for too many requests. The status distinguishes them from an outage.
  if (error.kind === 'rate_limited') return [429, 'temporarily_unavailable'];
  if (error.kind === 'unavailable') return [503, 'temporarily_unavailable'];
  if (error.kind === 'internal') return [500, 'server_error'];
  return [error.kind === 'method_not_allowed' ? 405 : 400, 'invalid_request'];
}
