import { domainError, type FieldError } from '../../common/domain.error.js';

/** The password is too short, too long or easy to guess. `errors` gives the reason. */
export class PasswordTooWeakError extends domainError(
  'unprocessable',
  'password_too_weak',
  'This password is too easy to guess.',
) {
  declare readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldError[] = [{ pointer: '/password', message: 'is a very common password' }]) {
    super({ extensions: { errors } });
  }
}

/** The queue of passwords to hash or judge is full. */
export class OverloadedError extends domainError(
  'unavailable',
  'overloaded',
  'The server is busy. Try again in a few seconds.',
) {
  constructor() {
    super({ retryAfter: 5 });
  }
}
