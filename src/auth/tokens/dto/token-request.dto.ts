import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The form of the token endpoint (RFC 6749 §4.3.2 and §6). Unknown fields are ignored, as the RFC requires. */
export class TokenRequestDto {
  @ApiProperty({ enum: ['password', 'refresh_token'] })
  grant_type!: string;

  @ApiPropertyOptional({ description: 'For `password`: the email.', example: 'ada@example.com' })
  username?: string;

  @ApiPropertyOptional({ description: 'For `password`.', format: 'password', example: 'seven lanterns at dusk' })
  password?: string;

  @ApiPropertyOptional({
    description: 'For `refresh_token`. For `password`: the last refresh token of this device, which identifies it.',
  })
  refresh_token?: string;

  @ApiPropertyOptional({
    description: 'Has no effect, because the role decides. The response contains the granted scope.',
    example: 'api',
  })
  scope?: string;
}
