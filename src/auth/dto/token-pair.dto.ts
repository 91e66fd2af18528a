import { ApiProperty } from '@nestjs/swagger';
import { UserDto } from '../../users/user.dto.js';
import type { TokenGrant } from '../tokens/access-token.service.js';

export class TokenPairDto {
  @ApiProperty({ description: 'A JWT. Send it as `Authorization: Bearer`.' })
  accessToken!: string;

  @ApiProperty({ description: 'Can be exchanged once for a new token pair.' })
  refreshToken!: string;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType!: 'Bearer';

  @ApiProperty({ type: 'integer', example: 900, description: 'Lifetime of the access token in seconds.' })
  expiresIn!: number;

  @ApiProperty({ format: 'uuid', example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15' })
  sessionId!: string;

  @ApiProperty({ type: UserDto })
  user!: UserDto;

  static from(this: void, grant: TokenGrant): TokenPairDto {
    const { accessToken, refreshToken, expiresIn, sessionId, user } = grant;
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn, sessionId, user: UserDto.from(user) };
  }
}
