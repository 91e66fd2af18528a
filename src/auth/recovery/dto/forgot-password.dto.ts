import { EmailField } from '../../../users/user-fields.decorator.js';

export class ForgotPasswordDto {
  @EmailField()
  email!: string;
}
