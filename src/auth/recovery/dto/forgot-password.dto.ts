import { EmailField } from '../../../users/user-fields.js';

export class ForgotPasswordDto {
  @EmailField()
  email!: string;
}
