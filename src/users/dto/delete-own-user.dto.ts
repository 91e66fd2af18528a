import { Optional } from '../../http/fields.js';
import { PasswordField } from '../user-fields.decorator.js';

export class DeleteOwnUserDto {
  @PasswordField({ required: false, description: 'Required if the account has a password.' })
  @Optional()
  password?: string;
}
