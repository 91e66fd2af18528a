import { ApiProperty } from '@nestjs/swagger';
import { CodePoints, Optional } from '../../../http/fields.js';
import { SignInDeviceDto } from '../../dto/login.dto.js';
import { PasskeyAssertionField } from '../../passkeys/dto/passkey-fields.decorator.js';
import type { PasskeyAssertion } from '../../passkeys/passkey-response.js';
import { CodeField, RecoveryCodeField } from '../factor-fields.decorator.js';

/** An example. */
export const CHALLENGE = 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZA';

export class LoginFactorDto extends SignInDeviceDto {
  @ApiProperty({
    minLength: 1,
    maxLength: 100,
    description: 'From the problem `second_factor_required`.',
    example: CHALLENGE,
  })
  @CodePoints(1, 100)
  challenge!: string;

  @CodeField({ required: false })
  code?: string;

  @RecoveryCodeField()
  recoveryCode?: string;

  @PasskeyAssertionField({ required: false })
  @Optional()
  passkey?: PasskeyAssertion;
}
