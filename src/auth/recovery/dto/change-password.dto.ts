import { NewPasswordField, PasswordField } from '../../../users/user-fields.decorator.js';

export class ChangePasswordDto {
  @PasswordField()
  currentPassword!: string;

  @NewPasswordField('nine kettles before dawn')
  newPassword!: string;
}
