import { ApiProperty } from '@nestjs/swagger';
import { CodePoints } from '../../../http/fields.js';

/** A one-time token, as it stands in the link of a mail. One that is malformed is no bad request: it does not work. */
export class OneTimeTokenDto {
  @ApiProperty({ minLength: 1, maxLength: 512, example: 'k2Yq0mJx7b1vRZ4tTn8sLwQe5HcPdUfGgXa9iOoKz3E' })
  @CodePoints(1, 512)
  token!: string;
}
