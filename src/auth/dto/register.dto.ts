import { EmailField, NameField, NewPasswordField } from '../../users/user-fields.js';

export class RegisterDto {
  @EmailField()
  email!: string;

  @NewPasswordField()
  password!: string;

  @NameField()
  name?: string | null;
}
