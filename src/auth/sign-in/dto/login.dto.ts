import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import type { Client } from '../../../common/client.js';
import { CodePoints, MapText, Optional } from '../../../http/fields.js';
import { TokenDeliveryField, type TokenDelivery } from '../../cookies/token-delivery.decorator.js';
import { RefreshTokenField } from '../../dto/refresh.dto.js';
import { EmailField, PasswordField } from '../../../users/user-fields.decorator.js';

/** Validates and trims the optional name of a session. */
function DeviceNameField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      minLength: 1,
      maxLength: 100,
      example: 'Ada’s laptop',
      description: 'The name of the session in lists.',
    }),
    MapText((text) => text.trim()),
    Optional(),
    CodePoints(1, 100),
  );
}

/** What every sign-in takes about its device. */
export class SignInDeviceDto {
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

/** Returns the client of a sign-in with the fields of its body. The refresh token of the body takes precedence. */
export function deviceOf(client: Client, { deviceName, refreshToken }: SignInDeviceDto): Client {
  return { ...client, deviceName, refreshToken: refreshToken ?? client.refreshToken };
}

export class LoginDto extends SignInDeviceDto {
  @EmailField()
  email!: string;

  @PasswordField()
  password!: string;
}
