import { Optional } from '../../../http/fields.js';
import { ChallengeField, CodeField, RecoveryCodeField } from '../../factors/factor-fields.decorator.js';
import { PasskeyAssertionField } from '../../passkeys/dto/passkey-fields.decorator.js';
import type { PasskeyAssertion } from '../../passkeys/passkey-response.js';
import { SignInDeviceDto } from './login.dto.js';

export class LoginFactorDto extends SignInDeviceDto {
  @ChallengeField()
  challenge!: string;

  @CodeField({ required: false })
  code?: string;

  @RecoveryCodeField()
  recoveryCode?: string;

  @PasskeyAssertionField({ required: false })
  @Optional()
  passkey?: PasskeyAssertion;
}

export class PasskeyChallengeDto {
  @ChallengeField()
  challenge!: string;
}
