import type { AccessClaims } from './principal.js';

/** What went wrong, in words that know nothing of HTTP. The problem filter owns the table from kind to status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

/** One field that was refused. `pointer` is a JSON pointer (RFC 6901) into the input, such as `/email`. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/**
 * The base of every error that a rule of Gatehouse throws on purpose. Its message is written for the client
 * and reaches it as `detail`, so it never holds a secret, SQL or another library's words.
 */
export abstract class DomainError extends Error {
  /** A stable machine word, such as `session_revoked`: clients switch on it. */
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  /** How long, in seconds, a client should wait before it tries again, where that is known. */
  readonly retryAfter?: number;
  /** Further members of the problem document (RFC 9457 §3.2), such as the reason of a revocation. */
  readonly extensions: Readonly<Record<string, unknown>> = {};
  /** Whom it turns away, where a genuine token says so. For the record: no answer has it. */
  readonly whom: AccessClaims | null = null;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The input does not have the shape or the values that were asked for. */
export class ValidationFailedError extends DomainError {
  readonly code = 'validation_failed';
  readonly kind = 'invalid';
  override readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldError[] = [{ pointer: '/field', message: 'is not valid' }]) {
    super('The request has fields that are not valid.');
    this.extensions = { errors };
  }
}

/** The principal is known and may not do this. */
export class ForbiddenError extends DomainError {
  readonly code = 'forbidden';
  readonly kind = 'forbidden';

  constructor() {
    super('Your role does not allow this.');
  }
}
