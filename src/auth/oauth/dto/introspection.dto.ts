import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The state of a token (RFC 7662 §2.2). An inactive token has no other field. */
export class IntrospectionDto {
  @ApiProperty({ example: true, description: 'Whether the token may be used now.' })
  active!: boolean;

  @ApiPropertyOptional({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60', description: 'The user.' })
  sub?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15', description: 'The session.' })
  sid?: string;

  @ApiPropertyOptional({ example: 'gatehouse', description: 'The issuer of access tokens.' })
  iss?: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 1_893_456_000,
    description: 'When the token expires, in seconds since 1970.',
  })
  exp?: number;

  @ApiPropertyOptional({
    example: 'orders:read',
    description: 'The scopes of an API key, separated by spaces. Missing for a token without such limits.',
  })
  scope?: string;

  @ApiPropertyOptional({ enum: ['Bearer'], example: 'Bearer', description: 'Missing for refresh tokens.' })
  token_type?: 'Bearer';

  @ApiPropertyOptional({
    type: [String],
    example: ['pwd', 'otp', 'mfa'],
    description:
      'How the user authenticated (RFC 8176). For an API key, how its owner had authenticated before they created it.',
  })
  amr?: string[];

  @ApiPropertyOptional({
    example: 'urn:gatehouse:acr:two-factors',
    description: 'The authentication context class (RFC 9470). Missing for sign-ins of earlier versions.',
  })
  acr?: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 1_767_225_600,
    description:
      'When the user last authenticated, in seconds since 1970. For an API key, before its owner created it. Missing for sign-ins of earlier versions.',
  })
  auth_time?: number;
}
