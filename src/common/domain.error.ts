import type { AccessClaims } from './principal.js';

/** The category of an error, independent of HTTP. The problem filter maps each kind to a status. */
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

/** An invalid field. `pointer` is a JSON Pointer (RFC 6901) into the input, such as `/email`. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

export interface ErrorDetails extends ErrorOptions {
  /** Replaces the message of the error's class. */
  readonly message?: string | undefined;
  /** Further members of the problem document (RFC 9457 §3.2), such as the reason of a revocation. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Seconds after which the client may retry. */
  readonly retryAfter?: number | undefined;
  /** The claims of the genuine token that was rejected. The audit log records them. No response contains them. */
  readonly claims?: AccessClaims | null | undefined;
}

/**
 * The base of every error that Gatehouse throws deliberately. The client receives the message as `detail`, so it must
 * not contain secrets, SQL or another library's message.
 */
export abstract class DomainError extends Error {
  /** A stable identifier that clients can test, such as `session_revoked`. */
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly retryAfter: number | undefined;
  readonly claims: AccessClaims | null;

  constructor(message: string, { extensions = {}, retryAfter, claims = null, ...options }: ErrorDetails = {}) {
    super(message, options);
    this.extensions = extensions;
    this.retryAfter = retryAfter;
    this.claims = claims;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** Returns a base class for errors with this kind, code and message. */
export function domainError(kind: ErrorKind, code: string, message: string) {
  return class extends DomainError {
    readonly kind = kind;
    readonly code = code;

    constructor(details: ErrorDetails = {}) {
      super(details.message ?? message, details);
    }
  };
}

/** The input is well-formed, but some fields are invalid. */
export class ValidationFailedError extends domainError('invalid', 'validation_failed', 'Some fields are not valid.') {
  declare readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldError[] = [{ pointer: '/field', message: 'is not valid' }]) {
    super({ extensions: { errors } });
  }
}

/** The principal's role does not permit the operation. */
export class ForbiddenError extends domainError('forbidden', 'forbidden', 'Your role does not allow this.') {}
