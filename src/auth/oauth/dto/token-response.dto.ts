import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ACCESS_TOKEN, REFRESH_TOKEN } from '../../dto/token-examples.js';
import type { OAuthGrant } from '../token.service.js';

/** A success response of the token endpoint (RFC 6749 §5.1). */
export class TokenResponseDto {
  @ApiProperty({ example: ACCESS_TOKEN })
  access_token!: string;

  @ApiProperty({ enum: ['bearer'], example: 'bearer' })
  token_type!: 'bearer';

  @ApiProperty({ type: 'integer', format: 'int32', example: 900 })
  expires_in!: number;

  @ApiProperty({ example: REFRESH_TOKEN })
  refresh_token!: string;

  @ApiPropertyOptional({
    type: String,
    example: 'api',
    description: 'The granted scope, if the client requested one. It is always `api`, because the role decides.',
  })
  scope?: string | undefined;

  static from(this: void, { grant, scope }: OAuthGrant): TokenResponseDto {
    const { accessToken, expiresIn, refreshToken } = grant;
    return {
      access_token: accessToken,
      token_type: 'bearer',
      expires_in: expiresIn,
      refresh_token: refreshToken,
      scope,
    };
  }
}

const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_token',
  'insufficient_scope',
  'invalid_grant',
  'unsupported_grant_type',
  'temporarily_unavailable',
  'server_error',
] as const;
export type OAuthErrorCode = (typeof OAUTH_ERRORS)[number];

/** An error response of an OAuth endpoint (RFC 6749 §5.2, RFC 6750 §3.1). */
export class OAuthErrorDto {
  @ApiProperty({ enum: OAUTH_ERRORS, example: 'invalid_grant' })
  error!: OAuthErrorCode;

  @ApiProperty({ example: 'Incorrect email or password.' })
  error_description!: string;
}
