import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { REFRESH_TOKEN } from '../../dto/token-examples.js';

/** The form of the token endpoint (RFC 6749 §4.3.2 and §6). Unknown fields are ignored, as the RFC requires. */
export class TokenRequestDto {
  @ApiProperty({ enum: ['password', 'refresh_token'], example: 'password' })
  grant_type!: string;

  @ApiPropertyOptional({ description: 'For `password`: the email.', maxLength: 2_048, example: 'ada@example.com' })
  username?: string;

  @ApiPropertyOptional({
    description: 'For `password`.',
    format: 'password',
    maxLength: 2_048,
    example: 'seven lanterns at dusk',
  })
  password?: string;

  @ApiPropertyOptional({
    maxLength: 2_048,
    example: '492039',
    description:
      'For `password`: a code of an authenticator app or a recovery code, if the account has a second factor.',
  })
  otp?: string;

  @ApiPropertyOptional({
    maxLength: 2_048,
    example: REFRESH_TOKEN,
    description: 'For `refresh_token`. For `password`: the last refresh token of this device, which identifies it.',
  })
  refresh_token?: string;

  @ApiPropertyOptional({
    description: 'Has no effect, because the role decides. The response contains the granted scope.',
    maxLength: 2_048,
    example: 'api',
  })
  scope?: string;
}
