import { domainError } from '../common/domain.error.js';

export class EmailTakenError extends domainError(
  'conflict',
  'email_taken',
  'An account with this email already exists.',
) {}

export class UserNotFoundError extends domainError('not_found', 'user_not_found', 'No such user.') {}

/** The change would leave no active admin. */
export class LastAdminError extends domainError(
  'conflict',
  'last_admin',
  'This is the last active admin. Make another user an admin first.',
) {}

/** The email is unknown, the password is wrong or the user is inactive. The client cannot tell which. */
export class InvalidCredentialsError extends domainError(
  'unauthenticated',
  'invalid_credentials',
  'Incorrect email or password.',
) {}

/** A signed-in user entered a wrong password. The code is that of a sign-in, so that clients handle both alike. */
export class IncorrectPasswordError extends domainError(
  'unauthenticated',
  'invalid_credentials',
  'Incorrect password.',
) {}
