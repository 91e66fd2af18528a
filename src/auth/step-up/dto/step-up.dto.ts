import { Optional } from '../../../http/fields.js';
import { CodeField, RecoveryCodeField } from '../../factors/factor-fields.decorator.js';
import { PasskeyAssertionField } from '../../passkeys/dto/passkey-fields.decorator.js';
import type { PasskeyAssertion } from '../../passkeys/passkey-response.js';
import { PasswordField } from '../../../users/user-fields.decorator.js';

/** One proof of who the user is. */
export class StepUpDto {
  @PasswordField({ required: false })
  @Optional()
  password?: string;

  @CodeField({ required: false })
  code?: string;

  @RecoveryCodeField()
  recoveryCode?: string;

  @PasskeyAssertionField({ required: false })
  @Optional()
  passkey?: PasskeyAssertion;
}
