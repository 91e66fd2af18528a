import { ApiProperty } from '@nestjs/swagger';
import { OneOf } from '../../../http/fields.js';
import { OneTimeTokenDto } from '../../recovery/dto/one-time-token.dto.js';
import { TOKEN_PURPOSES, type TokenPurpose } from '../one-time-token.entity.js';

export class CheckOneTimeTokenDto extends OneTimeTokenDto {
  @ApiProperty({ enum: TOKEN_PURPOSES, enumName: 'TokenPurpose', example: 'password_reset' })
  @OneOf(TOKEN_PURPOSES)
  purpose!: TokenPurpose;
}
