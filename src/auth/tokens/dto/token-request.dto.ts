import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The form of the token endpoint (RFC 6749 §4.3.2 and §6). Fields that it does not know are ignored, as the RFC asks. */
export class TokenRequestDto {
  @ApiProperty({ enum: ['password', 'refresh_token'] })
  grant_type!: string;

  @ApiPropertyOptional({ description: 'For `password`: the e-mail address.', example: 'ada@example.com' })
  username?: string;

  @ApiPropertyOptional({ description: 'For `password`.', format: 'password', example: 'seven lanterns at dusk' })
  password?: string;

  @ApiPropertyOptional({
    description: 'For `refresh_token`. For `password`: the last one that this device had, so that it is recognized.',
  })
  refresh_token?: string;
}
