import { domainError } from '../../common/domain.error.js';

/** The new password equals the current one. */
export class PasswordUnchangedError extends domainError(
  'unprocessable',
  'password_unchanged',
  'This is already your password. Choose a different one.',
) {}

/** The password is correct, but the email is not verified. A new link may have been sent. */
export class EmailNotVerifiedError extends domainError(
  'forbidden',
  'email_not_verified',
  'Verify your email first. Use the link in the mail that we sent you.',
) {}
