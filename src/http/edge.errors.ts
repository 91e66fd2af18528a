import { DomainError } from '../common/domain.error.js';

/** No route has this path. */
export class NotFoundError extends DomainError {
  readonly code = 'not_found';
  readonly kind = 'not_found';

  constructor() {
    super('There is nothing here.');
  }
}

/** The route exists, but not with this method. */
export class MethodNotAllowedError extends DomainError {
  readonly code = 'method_not_allowed';
  readonly kind = 'method_not_allowed';

  /** @param allowed the methods that the route has */
  constructor(readonly allowed: readonly string[] = []) {
    super('This path does not have this method; the Allow header says which it has.');
  }
}

/** The request cannot be understood, for a reason that no other code names. */
export class BadRequestError extends DomainError {
  readonly code = 'bad_request';
  readonly kind = 'invalid';

  constructor(message = 'The request cannot be understood.') {
    super(message);
  }
}

/** The body is not JSON, or not UTF-8. */
export class MalformedBodyError extends DomainError {
  readonly code = 'malformed_body';
  readonly kind = 'invalid';

  constructor() {
    super('The body is not a valid JSON document in UTF-8.');
  }
}

export class PayloadTooLargeError extends DomainError {
  readonly code = 'payload_too_large';
  readonly kind = 'too_large';

  constructor() {
    super('The body is larger than 100 kB.');
  }
}

export class UnsupportedMediaTypeError extends DomainError {
  readonly code = 'unsupported_media_type';
  readonly kind = 'unsupported_media_type';

  constructor() {
    super('The body must be application/json in UTF-8, without a content encoding.');
  }
}

/** Something that nobody foresaw. What it was is in the log, under the request's id. */
export class InternalError extends DomainError {
  readonly code = 'internal_error';
  readonly kind = 'internal';

  constructor() {
    super('Something went wrong on our side. The request id helps us to find it.');
  }
}
