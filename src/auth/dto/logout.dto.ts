import { Optional } from '../../http/fields.js';
import { RefreshTokenField } from './refresh.dto.js';

export class LogoutDto {
  @RefreshTokenField({
    required: false,
    description: 'A refresh token of the session. It signs out even if the access token has expired.',
  })
  @Optional()
  refreshToken?: string;
}
