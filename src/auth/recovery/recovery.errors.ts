import { DomainError } from '../../common/domain.error.js';

/** The new password is the one that the account has already. */
export class PasswordUnchangedError extends DomainError {
  readonly code = 'password_unchanged';
  readonly kind = 'unprocessable';

  constructor() {
    super('This is your password already. Choose another one.');
  }
}

/** The password is right, but nobody has shown yet that the address is theirs. A new link is on its way. */
export class EmailNotVerifiedError extends DomainError {
  readonly code = 'email_not_verified';
  readonly kind = 'forbidden';

  constructor() {
    super('Confirm your e-mail address first: use the link in the mail that we sent you.');
  }
}
