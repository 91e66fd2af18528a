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

/** Unknown email, wrong password and inactive user all throw this error, so that the client cannot distinguish them. */
export class InvalidCredentialsError extends domainError(
  'unauthenticated',
  'invalid_credentials',
  'Incorrect email or password.',
) {}
