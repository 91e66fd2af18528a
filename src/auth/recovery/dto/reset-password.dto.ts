import { NewPasswordField } from '../../../users/user-fields.decorator.js';
import { OneTimeTokenDto } from '../../one-time-tokens/dto/one-time-token.dto.js';

export class ResetPasswordDto extends OneTimeTokenDto {
  // Differs from the current password, so that the example of a change works.
  @NewPasswordField({ example: 'nine kettles before dawn' })
  newPassword!: string;
}
