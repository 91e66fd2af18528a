import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ACCESS_TOKEN } from '../../dto/token-examples.js';
import { requireField } from '../token.service.js';

/** The form of introspection (RFC 7662 §2.1) and revocation (RFC 7009 §2.1). Unknown fields are ignored. */
export class TokenFormDto {
  @ApiProperty({ example: ACCESS_TOKEN, description: 'An access token, a refresh token or an API key.' })
  token!: string;

  @ApiPropertyOptional({ example: 'access_token', description: 'Has no effect. The token shows its kind.' })
  token_type_hint?: string;
}

/**
 * Returns the token of the form, which must not repeat a field. The token may be longer than ours, because a token of
 * another server is not an error (RFC 7662 §2.2, RFC 7009 §2.2).
 *
 * @throws InvalidTokenRequestError
 */
export function tokenOf(form: unknown): string {
  const fields = new Map(Object.entries(form ?? {}));
  if (fields.get('token_type_hint')) requireField(fields, 'token_type_hint', Infinity);
  return requireField(fields, 'token', Infinity);
}
