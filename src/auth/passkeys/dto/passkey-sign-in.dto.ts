import { SignInDeviceDto } from '../../dto/login.dto.js';
import type { PasskeyAssertion } from '../passkey-response.js';
import { PasskeyAssertionField } from './passkey-fields.decorator.js';

export class PasskeySignInDto extends SignInDeviceDto {
  @PasskeyAssertionField()
  response!: PasskeyAssertion;
}
