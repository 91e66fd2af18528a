import { Optional } from '../../../http/fields.js';
import { TokenDeliveryField, type TokenDelivery } from '../../cookies/token-delivery.decorator.js';
import { DeviceNameField } from '../../dto/login.dto.js';
import { RefreshTokenField } from '../../dto/refresh.dto.js';
import type { PasskeyAssertion } from '../passkey-response.js';
import { PasskeyAssertionField } from './passkey-fields.decorator.js';

export class PasskeySignInDto {
  @PasskeyAssertionField()
  response!: PasskeyAssertion;

  @DeviceNameField()
  deviceName?: string;

  @RefreshTokenField({
    required: false,
    description: 'The last refresh token of this device, expired or not. It identifies the device.',
  })
  @Optional()
  refreshToken?: string;

  @TokenDeliveryField()
  tokenDelivery?: TokenDelivery;
}
