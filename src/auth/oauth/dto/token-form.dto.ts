import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ACCESS_TOKEN } from '../../dto/token-examples.js';

/** The form of introspection (RFC 7662 §2.1) and revocation (RFC 7009 §2.1). Unknown fields are ignored. */
export class TokenFormDto {
  @ApiProperty({
    maxLength: 2_048,
    example: ACCESS_TOKEN,
    description: 'An access token, a refresh token or an API key.',
  })
  token!: string;

  @ApiPropertyOptional({
    maxLength: 2_048,
    example: 'access_token',
    description: 'Has no effect. The token shows its kind.',
  })
  token_type_hint?: string;
}
