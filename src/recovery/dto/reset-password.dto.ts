import { NewPasswordField } from '../../users/user-fields.js';
import { OneTimeTokenField } from './token-field.js';

export class ResetPasswordDto {
  @OneTimeTokenField()
  token!: string;

  @NewPasswordField()
  newPassword!: string;
}
