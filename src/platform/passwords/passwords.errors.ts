import { domainError } from '../../common/domain.error.js';
import { toFieldError, type FieldError, type FieldErrorInput } from '../../common/field-error.js';

const EXAMPLE = {
  pointer: '/password',
  code: 'too_short',
  params: { min: 8 },
  message: 'must have at least 8 characters',
} as const;

/** The password is too short, too long or easy to guess. `errors` contains the reason. */
export class PasswordTooWeakError extends domainError(
  'unprocessable',
  'password_too_weak',
  'This password is not accepted. Choose another one.',
) {
  declare readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldErrorInput[] = [EXAMPLE]) {
    super({ extensions: { errors: errors.map(toFieldError) } });
  }
}
