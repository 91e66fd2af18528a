import { EmailField } from '../../../users/user-fields.decorator.js';

export class ChangeEmailDto {
  @EmailField()
  email!: string;
}
