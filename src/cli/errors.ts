import { DomainError, ValidationFailedError } from '../common/domain.error.js';
import { ConfigurationError } from '../config/env.js';
import { PasswordTooWeakError } from '../passwords/passwords.errors.js';

/** A command cannot do what it was asked. A person reads the message, and nothing else. */
export class CommandError extends Error {}

/** What a person is told of an error; undefined for what only a developer can read. */
export function explain(error: unknown): string | undefined {
  if (error instanceof ValidationFailedError || error instanceof PasswordTooWeakError) {
    return error.extensions.errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('\n');
  }
  const isForPeople =
    error instanceof DomainError || error instanceof ConfigurationError || error instanceof CommandError;
  return isForPeople ? error.message : undefined;
}
