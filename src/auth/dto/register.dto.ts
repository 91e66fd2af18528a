import { EmailField, NameField, NewPasswordField } from '../../users/user-fields.decorator.js';

export class RegisterDto {
  @EmailField()
  email!: string;

  @NewPasswordField()
  password!: string;

  @NameField()
  name?: string | null;
}
