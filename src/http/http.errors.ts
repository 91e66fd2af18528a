import { domainError } from '../common/domain.error.js';

export const JSON_TYPE = 'application/json';
/** The size limit of a body, unless a route has another. */
export const MAX_BODY_BYTES = 102_400;

/** No route has this path. */
export class NotFoundError extends domainError('not_found', 'not_found', 'No such route.') {}

/** The route exists, but not with this method. */
export class MethodNotAllowedError extends domainError(
  'method_not_allowed',
  'method_not_allowed',
  'This path does not support this method. The Allow header lists the supported methods.',
) {
  /** @param allowed the methods that the route supports */
  constructor(readonly allowed: readonly string[] = []) {
    super();
  }
}

/** The request is invalid for a reason that no other code describes. */
export class BadRequestError extends domainError('invalid', 'bad_request', 'The request is not valid.') {
  constructor(message?: string) {
    super({ message });
  }
}

/** The client has more connections than `MAX_CONNECTIONS_PER_CLIENT`. */
export class TooManyConnectionsError extends domainError(
  'rate_limited',
  'too_many_connections',
  'Too many connections are open. Close some of them first.',
) {}

/** The body is not UTF-8, or not JSON on a route that takes JSON. */
export class MalformedBodyError extends domainError(
  'invalid',
  'malformed_body',
  'The body is not valid JSON in UTF-8.',
) {
  constructor(types: readonly string[] = [JSON_TYPE]) {
    super({ message: types.some((type) => type.endsWith('json')) ? undefined : 'The body is not valid UTF-8.' });
  }
}

export class PayloadTooLargeError extends domainError('too_large', 'payload_too_large', 'The body is too large.') {
  constructor(maxBytes = MAX_BODY_BYTES) {
    super({ message: `The body is larger than ${sizeOf(maxBytes)}.` });
  }
}

export class UnsupportedMediaTypeError extends domainError(
  'unsupported_media_type',
  'unsupported_media_type',
  'This route does not take bodies of this type.',
) {
  /** @param types the media types that the route takes */
  constructor(types: readonly string[] = [JSON_TYPE]) {
    super({ message: `The body must be ${types.join(' or ')} in UTF-8, without a content encoding.` });
  }
}

/** An unexpected error. The log has the details under the same request ID. */
export class InternalError extends domainError(
  'internal',
  'internal_error',
  'An internal error occurred. Report the request ID to support.',
) {}

/** A page of another origin opened a WebSocket, or a request with the refresh cookie has no listed origin. */
export class OriginNotAllowedError extends domainError(
  'forbidden',
  'origin_not_allowed',
  'Pages of this origin may not do this. CORS_ORIGINS lists the allowed origins.',
) {}

/** The handler is not public, but its transport carries no access token. An example is a microservice. */
export class UnsupportedTransportError extends domainError(
  'forbidden',
  'unsupported_transport',
  'Only handlers with @Public() can be called over this transport.',
) {}

/** Formats a size, such as `100 kB`. */
function sizeOf(bytes: number): string {
  if (bytes % 1_048_576 === 0) return `${bytes / 1_048_576} MB`;
  return bytes % 1_024 === 0 ? `${bytes / 1_024} kB` : `${bytes} bytes`;
}
