import { ApiPropertyOptional } from '@nestjs/swagger';
import { OneOf, Optional } from '../../../http/fields.js';
import { NewPasswordField, PasswordField } from '../../../users/user-fields.decorator.js';

const KEY_CHOICES = ['keep', 'revoke'] as const;

export class ChangePasswordDto {
  @PasswordField()
  currentPassword!: string;

  // Differs from the current password, so that the example of a change works.
  @NewPasswordField({ example: 'nine kettles before dawn' })
  newPassword!: string;

  @ApiPropertyOptional({
    enum: KEY_CHOICES,
    default: 'keep',
    example: 'keep',
    description: 'Whether the API keys of the account remain valid.',
  })
  @Optional()
  @OneOf(KEY_CHOICES)
  keys: (typeof KEY_CHOICES)[number] = 'keep';
}
