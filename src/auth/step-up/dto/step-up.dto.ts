import { Optional } from '../../../http/fields.js';
import { PasswordField } from '../../../users/user-fields.decorator.js';

/** One proof of who the user is. */
export class StepUpDto {
  @PasswordField({ required: false })
  @Optional()
  password?: string;
}
