import { NewPasswordField } from '../../../users/user-fields.decorator.js';
import { OneTimeTokenDto } from './one-time-token.dto.js';

export class ResetPasswordDto extends OneTimeTokenDto {
  @NewPasswordField('nine kettles before dawn')
  newPassword!: string;
}
