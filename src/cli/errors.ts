import { DomainError, ValidationFailedError } from '../common/domain.error.js';
import { errorText } from '../common/error-text.js';
import { ConfigurationError } from '../config/env.js';
import { isOutdatedSchema } from '../platform/database/pg-errors.js';
import { PasswordTooWeakError } from '../platform/passwords/passwords.errors.js';
import { describeFields } from './validate.js';

/** A command failed for an expected reason. The user sees only the message. */
export class CommandError extends Error {}

/** Returns the message of an expected error. Describes an unexpected error with its stack. */
export function describeError(error: unknown): string {
  if (error instanceof ValidationFailedError || error instanceof PasswordTooWeakError) {
    return describeFields(error.extensions.errors).join('\n');
  }
  if (isOutdatedSchema(error)) return 'The database schema is out of date. Run this first: npm run migration:run';
  const isExpected =
    error instanceof DomainError || error instanceof ConfigurationError || error instanceof CommandError;
  return isExpected ? error.message : errorText(error);
}
