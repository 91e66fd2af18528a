import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { ForbiddenError, OverloadedError, RequestTimeoutError, ValidationFailedError } from '../common/domain.error.js';
import { OPEN_TO_UNENROLLED_EXTENSION, SIGN_IN_ONLY_EXTENSION, STEP_UP_EXTENSION } from '../http/access.decorators.js';
import {
  InsufficientAuthenticationError,
  InsufficientScopeError,
  SecondFactorEnrollmentRequiredError,
  SignInRequiredError,
} from '../http/access.errors.js';
import { OWN_ERRORS_EXTENSION, type DocumentedError } from '../http/api-problems.decorator.js';
import { BadRequestError, InternalError, TooManyConnectionsError } from '../http/http.errors.js';
import { USER_EXTENSION } from '../http/optional-user.js';
import { PUBLIC_EXTENSION, type PublicOptions } from '../http/public.decorator.js';
import { PERMISSIONS_EXTENSION, ROLES_EXTENSION } from '../http/roles.decorator.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { ApiKeyExpiredError, ApiKeyInvalidError, ApiKeyRevokedError } from '../sessions/api-key-access.errors.js';
import {
  SessionExpiredError,
  SessionNotFoundError,
  SessionRevokedError,
  UserInactiveError,
} from '../sessions/sessions.errors.js';
import { describeBody } from './openapi-body.js';
import { describeHeaders, isReference } from './openapi-headers.js';
import { addProblems } from './openapi-problems.js';

/** The name of the security scheme. */
export const SCHEME = 'signIn';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** Adds the security requirement, and the errors that are common to all operations of this kind. */
export function completeOperation(operation: Operation, isRead: boolean): void {
  const access = operation[PUBLIC_EXTENSION] as PublicOptions | undefined;
  Reflect.deleteProperty(operation, PUBLIC_EXTENSION);
  const isOptional = access !== undefined && operation[USER_EXTENSION] === true;
  Reflect.deleteProperty(operation, USER_EXTENSION);
  operation.security = [...(isOptional ? [{}] : []), ...(access && !isOptional ? [] : [{ [SCHEME]: [] }])];
  const { responses } = operation;
  const isLimited = responses['429'] !== undefined;
  const bodyErrors = describeBody(operation);
  const hasOwnErrors = operation[OWN_ERRORS_EXTENSION] === true;
  Reflect.deleteProperty(operation, OWN_ERRORS_EXTENSION);
  if (!hasOwnErrors) {
    addProblems(responses, [
      TooManyConnectionsError,
      ...(access?.evenIfBusy ? [] : [RequestTimeoutError]),
      ...accessErrors(operation, { isPublic: access !== undefined && !isOptional, isRead }),
      ...handlerErrors(operation, access, isOptional),
      ...bodyErrors,
    ]);
  }
  for (const [status, response] of Object.entries(responses)) {
    if (response && !isReference(response)) response.description ||= STATUS_CODES[status] ?? 'Other responses.';
  }
  describeHeaders(responses, isLimited);
}

/** Returns the errors of guards, pipes and the handler. */
function handlerErrors(
  operation: Operation,
  access: PublicOptions | undefined,
  isOptional: boolean,
): DocumentedError[] {
  const errors: DocumentedError[] = [InternalError];
  const takesInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  if (takesInput) errors.push(ValidationFailedError, BadRequestError);
  if (!access) errors.push(TokenMissingError);
  if (!access || isOptional) errors.push(TokenInvalidError, TokenExpiredError, ...SESSION_ERRORS);
  if (operation[ROLES_EXTENSION] ?? operation[PERMISSIONS_EXTENSION]) errors.push(ForbiddenError);
  if (!access?.evenIfBusy || isOptional) errors.push(DatabaseUnavailableError, OverloadedError);
  return errors;
}

/** Returns the errors of `AccessGuard`, except those about roles. Removes the extensions that only this function reads. */
function accessErrors(
  operation: Operation,
  { isPublic, isRead }: { isPublic: boolean; isRead: boolean },
): DocumentedError[] {
  const isSignInOnly = operation[SIGN_IN_ONLY_EXTENSION] === true;
  const isOpen = operation[OPEN_TO_UNENROLLED_EXTENSION] === true;
  for (const name of [SIGN_IN_ONLY_EXTENSION, OPEN_TO_UNENROLLED_EXTENSION]) Reflect.deleteProperty(operation, name);
  const stepUp = operation[STEP_UP_EXTENSION];
  if (isPublic) return [];
  return [
    ...(isOpen ? [] : [SecondFactorEnrollmentRequiredError]),
    ...(stepUp ? [] : isSignInOnly ? [SignInRequiredError] : [InsufficientScopeError, TooManyRequestsError]),
    // `ADMIN_STEP_UP` applies to routes with roles that write.
    ...(stepUp || (operation[ROLES_EXTENSION] && !isRead)
      ? [InsufficientAuthenticationError, SignInRequiredError]
      : []),
  ];
}

/** `SessionGuard` rejects invalid keys before `AccessGuard`, so routes that accept no keys also have the errors of keys. */
const SESSION_ERRORS = [
  SessionNotFoundError,
  SessionRevokedError,
  SessionExpiredError,
  UserInactiveError,
  ApiKeyInvalidError,
  ApiKeyRevokedError,
  ApiKeyExpiredError,
];
