import { NameField, NewPasswordField } from '../../../users/user-fields.decorator.js';
import { OneTimeTokenDto } from '../../one-time-tokens/dto/one-time-token.dto.js';

export class AcceptInvitationDto extends OneTimeTokenDto {
  @NewPasswordField()
  password!: string;

  @NameField()
  name?: string | null;
}
