import { PasswordField } from '../user-fields.decorator.js';

export class DeleteOwnUserDto {
  @PasswordField()
  password!: string;
}
