import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CodePoints, MapText, Optional } from '../../../http/fields.js';
import type { PasskeyRegistration } from '../passkey-response.js';
import { PasskeyRegistrationField } from './passkey-fields.decorator.js';

export class AddPasskeyDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Ada’s laptop' })
  @MapText((text) => text.trim())
  @Optional()
  @CodePoints(1, 100)
  name?: string;

  @PasskeyRegistrationField()
  response!: PasskeyRegistration;
}

export class AddedPasskeyDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  id!: string;

  @ApiPropertyOptional({
    type: [String],
    example: ['0J8V-6T1R-9K3W-M5QX-2B7C-4D9E'],
    description: 'With the first factor of the account. They are shown only once.',
  })
  recoveryCodes?: string[];
}
