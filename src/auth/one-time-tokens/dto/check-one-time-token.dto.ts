import { ApiProperty } from '@nestjs/swagger';
import { OneOf } from '../../../http/fields.js';
import { TOKEN_PURPOSES, type TokenPurpose } from '../one-time-token.entity.js';
import { OneTimeTokenDto } from './one-time-token.dto.js';

export class CheckOneTimeTokenDto extends OneTimeTokenDto {
  @ApiProperty({ enum: TOKEN_PURPOSES, enumName: 'TokenPurpose', example: 'password_reset' })
  @OneOf(TOKEN_PURPOSES)
  purpose!: TokenPurpose;
}
