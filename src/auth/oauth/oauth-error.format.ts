import type { DomainError, ErrorKind } from '../../common/domain.error.js';
import type { OAuthErrorCode, OAuthErrorDto } from './dto/token-response.dto.js';
import { UnsupportedGrantTypeError } from './oauth.errors.js';

/** The credentials or the token are wrong, or correct but not permitted to sign in. */
const REJECTED_GRANTS: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'forbidden', 'conflict']);

/** Formats the errors of the token endpoint as OAuth errors (RFC 6749 §5.2). */
export function oauthError(error: DomainError): readonly [status: number, body: OAuthErrorDto] {
  const [status, code] = classify(error);
  return [status, { error: code, error_description: error.message }];
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
