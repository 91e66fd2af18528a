import { DomainError } from '../common/domain.error.js';

/** The new password is the one that the account has already. */
export class PasswordUnchangedError extends DomainError {
  readonly code = 'password_unchanged';
  readonly kind = 'unprocessable';

  constructor() {
    super('This is your password already. Choose another one.');
  }
}
