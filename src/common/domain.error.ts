import { HttpException } from '@nestjs/common';
import { toFieldError, type FieldError, type FieldErrorInput } from './field-error.js';
import type { AccessClaims } from './principal.js';

/** The only mapping from error kinds to statuses. */
const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const;

/** The category of an error. */
export type ErrorKind = keyof typeof STATUS;

/** Returns the kind of errors with this status. */
export function kindOf(status: number): ErrorKind {
  const kind = Object.entries(STATUS).find(([, other]) => other === status)?.[0] as ErrorKind | undefined;
  return kind ?? (status < 500 ? 'invalid' : 'internal');
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
 *
 * It is an `HttpException`, so that exception filters from Nest's documentation keep its status and message.
 */
export abstract class DomainError extends HttpException {
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly retryAfter: number | undefined;
  /** Private, so that `JSON.stringify` omits them. */
  readonly #claims: AccessClaims | null;

  /** @param code a stable identifier that clients can test, such as `session_revoked` */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    { extensions = {}, retryAfter, claims = null, cause }: ErrorDetails = {},
    status: number = STATUS[kind],
  ) {
    super(message, status, cause === undefined ? undefined : { cause });
    this.errorCode = code;
    this.extensions = extensions;
    this.retryAfter = retryAfter;
    this.#claims = claims;
  }

  get claims(): AccessClaims | null {
    return this.#claims;
  }

  /** Returns the members that a client may see, for exception filters that send them as the body. */
  override getResponse(): object {
    return { ...this.extensions, statusCode: this.getStatus(), message: this.message, errorCode: this.code };
  }
}

/** Returns a base class for errors with this kind, code and message. */
export function domainError(kind: ErrorKind, code: string, message: string) {
  return class extends DomainError {
    constructor(details: ErrorDetails = {}) {
      super(kind, code, details.message ?? message, details);
    }
  };
}

const EXAMPLE = {
  pointer: '/name',
  code: 'too_long',
  params: { max: 100 },
  message: 'must be a string of 1 to 100 characters',
} as const;

/** The input is well-formed, but some fields are invalid. */
export class ValidationFailedError extends domainError('invalid', 'validation_failed', 'Some fields are not valid.') {
  declare readonly extensions: { readonly errors: readonly FieldError[] };

  constructor(errors: readonly FieldErrorInput[] = [EXAMPLE]) {
    super({ extensions: { errors: errors.map(toFieldError) } });
  }
}

/** The principal's role does not permit the operation. */
export class ForbiddenError extends domainError('forbidden', 'forbidden', 'Your role does not allow this.') {}

/** The request reached its deadline. A write may have taken effect. */
export class RequestTimeoutError extends domainError(
  'unavailable',
  'request_timeout',
  'The request took too long. If it changes something, check whether it took effect before you retry.',
) {}

/** Too many requests or passwords wait already. The request had no effect. */
export class OverloadedError extends domainError(
  'unavailable',
  'overloaded',
  'The server is busy. Try again in a few seconds.',
) {
  constructor() {
    super({ retryAfter: 5 });
  }
}
