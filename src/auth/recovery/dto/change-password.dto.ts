import { NewPasswordField, PasswordField } from '../../../users/user-fields.js';

export class ChangePasswordDto {
  @PasswordField()
  currentPassword!: string;

  @NewPasswordField()
  newPassword!: string;
}
