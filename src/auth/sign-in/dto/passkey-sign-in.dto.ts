import { PasskeyAssertionField } from '../../passkeys/dto/passkey-fields.decorator.js';
import type { PasskeyAssertion } from '../../passkeys/passkey-response.js';
import { SignInDeviceDto } from './login.dto.js';

export class PasskeySignInDto extends SignInDeviceDto {
  @PasskeyAssertionField()
  response!: PasskeyAssertion;
}
