import { ApiProperty } from '@nestjs/swagger';
import { UserDto } from '../../users/user.dto.js';
import { ACCESS_TOKEN, REFRESH_TOKEN } from './token-examples.js';
import type { TokenGrant } from '../tokens/access-token.service.js';

/** The tokens in the body if the refresh token is in the cookie. */
export class AccessTokenDto {
  @ApiProperty({ example: ACCESS_TOKEN, description: 'A JWT. Send it as `Authorization: Bearer`.' })
  accessToken!: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  tokenType!: 'Bearer';

  @ApiProperty({
    type: 'integer',
    format: 'int32',
    example: 900,
    description: 'Lifetime of the access token in seconds.',
  })
  expiresIn!: number;

  @ApiProperty({ format: 'uuid', example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15' })
  sessionId!: string;

  @ApiProperty({ type: UserDto })
  user!: UserDto;
}

export class TokenPairDto extends AccessTokenDto {
  @ApiProperty({ example: REFRESH_TOKEN, description: 'Can be exchanged once for a new token pair.' })
  refreshToken!: string;

  static from(this: void, grant: TokenGrant): TokenPairDto {
    const { accessToken, refreshToken, expiresIn, sessionId, user } = grant;
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn, sessionId, user: UserDto.from(user) };
  }
}
