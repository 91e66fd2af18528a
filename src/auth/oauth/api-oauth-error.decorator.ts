import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { INTROSPECT_SCOPE } from '../../common/scope.js';
import { OWN_ERRORS_EXTENSION } from '../../http/api-problems.decorator.js';
import { InsufficientScopeError } from '../../http/access.errors.js';
import { ApiKeyRevokedError } from '../../sessions/api-key-access.errors.js';
import { OAuthErrorDto, type OAuthErrorCode } from './dto/token-response.dto.js';
import { SEND_A_KEY } from './oauth-error.format.js';

const EXAMPLES: Readonly<Record<OAuthErrorCode, string>> = {
  invalid_request: 'Send the field username exactly once.',
  invalid_client: SEND_A_KEY,
  invalid_token: new ApiKeyRevokedError().message,
  insufficient_scope: new InsufficientScopeError([INTROSPECT_SCOPE]).message,
  invalid_grant: 'Incorrect email or password.',
  unsupported_grant_type: 'The supported grant types are password and refresh_token.',
  temporarily_unavailable: 'Too many attempts. Try again later.',
  server_error: 'An internal error occurred. Report the request ID to support.',
};

/** Documents the errors of the server, which every OAuth endpoint can return. */
export function ApiOAuthServerErrors(): MethodDecorator {
  const unavailable = 'The database is unavailable, the request took too long, or too many are waiting.';
  return applyDecorators(
    ApiOAuthError(500, 'An internal error.', 'server_error'),
    ApiOAuthError(503, unavailable, 'temporarily_unavailable'),
  );
}

/** Documents an error response of an OAuth endpoint (RFC 6749 §5.2, RFC 6750 §3.1) with its codes. */
export function ApiOAuthError(status: number, description: string, ...codes: OAuthErrorCode[]): MethodDecorator {
  const properties = { error: { type: 'string', enum: codes } };
  const schema = {
    allOf: [{ $ref: getSchemaPath(OAuthErrorDto) }, { type: 'object', properties, required: ['error'] }],
  };
  const examples = Object.fromEntries(
    codes.map((error) => [error, { value: { error, error_description: EXAMPLES[error] } }]),
  );
  return applyDecorators(
    ApiExtension(OWN_ERRORS_EXTENSION, true),
    ApiExtraModels(OAuthErrorDto),
    ApiResponse({ status, description, content: { 'application/json': { schema, examples } } }),
  );
}
