import { PasswordField } from './fields.js';

export class DeleteOwnUserDto {
  @PasswordField()
  password!: string;
}
