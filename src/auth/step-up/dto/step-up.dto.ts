import { Optional } from '../../../http/fields.js';
import { PasswordField } from '../../../users/user-fields.decorator.js';
import { FactorProofsDto } from '../../sign-in/dto/factor-proofs.dto.js';

/** One proof of who the user is. */
export class StepUpDto extends FactorProofsDto {
  @PasswordField({ required: false })
  @Optional()
  password?: string;
}
