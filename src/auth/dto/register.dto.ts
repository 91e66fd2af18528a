import { EmailField, NameField, NewPasswordField } from '../../users/dto/fields.js';

export class RegisterDto {
  @EmailField()
  email!: string;

  @NewPasswordField()
  password!: string;

  @NameField()
  name?: string | null;
}
