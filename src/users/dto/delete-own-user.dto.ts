import { PasswordField } from '../user-fields.js';

export class DeleteOwnUserDto {
  @PasswordField()
  password!: string;
}
