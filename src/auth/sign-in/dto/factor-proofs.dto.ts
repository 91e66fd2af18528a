import { Optional } from '../../../http/fields.js';
import { CodeField, RecoveryCodeField } from '../../factors/factor-fields.decorator.js';
import { PasskeyAssertionField } from '../../passkeys/dto/passkey-fields.decorator.js';
import type { PasskeyAssertion } from '../../passkeys/passkey-response.js';

/** The second factors of a request. It must have exactly one of them. */
export class FactorProofsDto {
  @CodeField({ required: false })
  code?: string;

  @RecoveryCodeField()
  recoveryCode?: string;

  @PasskeyAssertionField({ required: false })
  @Optional()
  passkey?: PasskeyAssertion;
}
