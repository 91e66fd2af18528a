import { DomainError, ValidationFailedError } from '../common/domain.error.js';
import { ConfigurationError } from '../config/env.js';
import { isOutdatedSchema } from '../platform/database/pg-errors.js';
import { PasswordTooWeakError } from '../platform/passwords/passwords.errors.js';
import { describeFaults } from './validate.js';

/** A command cannot do what it was asked. A person reads the message, and nothing else. */
export class CommandError extends Error {}

/** What a person is told of an error; undefined for what only a developer can read. */
export function explain(error: unknown): string | undefined {
  if (error instanceof ValidationFailedError || error instanceof PasswordTooWeakError) {
    return describeFaults(error.extensions.errors).join('\n');
  }
  if (isOutdatedSchema(error)) return 'The database is not migrated. Run this first: npm run migration:run';
  const isForPeople =
    error instanceof DomainError || error instanceof ConfigurationError || error instanceof CommandError;
  return isForPeople ? error.message : undefined;
}
