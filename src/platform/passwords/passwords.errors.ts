import { DomainError, type FieldError } from '../../common/domain.error.js';

/** The password is one that others would guess, or has a length that is not taken. `errors` says why. */
export class PasswordTooWeakError extends DomainError {
  readonly code = 'password_too_weak';
  readonly kind = 'unprocessable';
  override readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(
    errors: readonly FieldError[] = [{ pointer: '/password', message: 'is one of the most used passwords' }],
  ) {
    super('This password is too easy to guess.');
    this.extensions = { errors };
  }
}

/** So many passwords are waiting to be hashed or judged that another would wait for too long. */
export class OverloadedError extends DomainError {
  readonly code = 'overloaded';
  readonly kind = 'unavailable';
  /** In seconds: a part of the queue is gone by then. */
  override readonly retryAfter = 5;

  constructor() {
    super('There is more to do than we can do at once. Try again in a moment.');
  }
}
