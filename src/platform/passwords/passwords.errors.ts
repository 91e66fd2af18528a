import { domainError, type FieldError } from '../../common/domain.error.js';

/** The password is too short, too long or easy to guess. `errors` contains the reason. */
export class PasswordTooWeakError extends domainError(
  'unprocessable',
  'password_too_weak',
  'This password is not accepted. Choose another one.',
) {
  declare readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldError[] = [{ pointer: '/password', message: 'is a very common password' }]) {
    super({ extensions: { errors } });
  }
}
