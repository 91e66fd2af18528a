import { ApiProperty } from '@nestjs/swagger';
import { CodePoints } from '../../../http/fields.js';

/** The token in a mailed link. Malformed tokens are rejected later, with `token_used_or_expired`. */
export class OneTimeTokenDto {
  @ApiProperty({ minLength: 1, maxLength: 512, example: 'k2Yq0mJx7b1vRZ4tTn8sLwQe5HcPdUfGgXa9iOoKz3E' })
  @CodePoints(1, 512)
  token!: string;
}
