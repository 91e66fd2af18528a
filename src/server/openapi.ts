import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { ForbiddenError, OverloadedError, RequestTimeoutError, ValidationFailedError } from '../common/domain.error.js';
import { OWN_ERRORS_EXTENSION, type DocumentedError } from '../http/api-problems.decorator.js';
import { readVersion } from '../common/version.js';
import { BadRequestError, InternalError, TooManyConnectionsError } from '../http/http.errors.js';
import { USER_EXTENSION } from '../http/optional-user.js';
import { PUBLIC_EXTENSION, type PublicOptions } from '../http/public.decorator.js';
import { OPEN_TO_UNENROLLED_EXTENSION, SIGN_IN_ONLY_EXTENSION, STEP_UP_EXTENSION } from '../http/access.decorators.js';
import {
  InsufficientAuthenticationError,
  InsufficientScopeError,
  SecondFactorEnrollmentRequiredError,
  SignInRequiredError,
} from '../http/access.errors.js';
import { PERMISSIONS_EXTENSION, ROLES_EXTENSION } from '../http/roles.decorator.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { ApiKeyExpiredError, ApiKeyInvalidError, ApiKeyRevokedError } from '../sessions/api-key-access.errors.js';
import {
  SessionExpiredError,
  SessionNotFoundError,
  SessionRevokedError,
  UserInactiveError,
} from '../sessions/sessions.errors.js';
import { describeBody } from './openapi-body.js';
import { describeHeaders, HEADERS, isReference } from './openapi-headers.js';
import { operationIds, renameSchemas } from './openapi-names.js';
import { addProblems, declareProblemCodes, narrowProblems } from './openapi-problems.js';
import { describeStream, streamFinder } from './openapi-streams.js';

const SCHEME = 'signIn';

const DESCRIPTION = `Accounts, sign-in and instantly revocable sessions.

An access token identifies you. Every request also checks your session, so that a revocation takes effect immediately. Choose **Authorize** to sign in with your email and password. An API key works like an access token, except where \`sign_in_required\` is listed.

Every error is a problem document (RFC 9457) with a stable \`code\`. An unknown path returns 404 \`not_found\`. A method that the path does not support returns 405 \`method_not_allowed\` with \`Allow\`. A client with too many connections gets 429 \`too_many_connections\`.`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** Builds the OpenAPI document of the application, without the database. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription(DESCRIPTION)
    .setVersion(readVersion())
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // Relative to the URL of the document, so that a proxy may add a prefix.
    .addServer('.')
    // Other tags get a description from their name.
    .addTag('auth', 'Register, sign in, refresh, sign out')
    .addTag('oauth', 'For OAuth clients and other services')
    .addTag('recovery', 'Change or reset a password, verify an email, report a sign-in that was not you')
    .addTag('factors', 'Your own second factors: authenticator apps, passkeys, recovery codes')
    .addTag('keys', 'Your own API keys')
    .addTag('users', 'Your own account')
    .addTag('sessions', 'Your own sessions')
    .addTag('admin', 'All accounts, sessions and audit events, for admins')
    .addTag('health', 'Liveness and readiness probes')
    .build();
  base.info.contact = { name: 'Gatehouse' };
  const isStream = streamFinder(app);
  const streams = new Set<string>();
  const nameOperation = operationIds();
  const operationIdFactory = (controller: string, method: string, version?: string) => {
    const id = nameOperation(controller, method, version);
    if (isStream(controller, method)) streams.add(id);
    return id;
  };
  const document = SwaggerModule.createDocument(app, base, { operationIdFactory });
  const tokenUrl = Object.keys(document.paths).find((path) => path.endsWith('/auth/token')) ?? '/auth/token';
  const { schemas = {} } = document.components ?? {};
  document.components = {
    ...document.components,
    schemas,
    headers: { ...HEADERS },
    securitySchemes: { [SCHEME]: { type: 'oauth2', flows: { password: { tokenUrl: tokenUrl.slice(1), scopes: {} } } } },
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object).filter(isOperation));
  const reads = new Set<unknown>(Object.values(document.paths).flatMap(({ get, head }) => [get, head]));
  for (const operation of operations) {
    if (streams.has(operation.operationId ?? '')) describeStream(operation.responses);
    complete(operation, reads.has(operation));
  }
  declareProblemCodes(
    schemas,
    operations.flatMap(({ responses }) => narrowProblems(responses)),
  );
  const described = new Set(document.tags?.map(({ name }) => name));
  const others = new Set(operations.flatMap(({ tags = [] }) => tags).filter((name) => !described.has(name)));
  document.tags?.push(...[...others].map((name) => ({ name, description: `Routes of ${name}` })));
  return renameSchemas(document);
}

function isOperation(member: unknown): member is Operation {
  return typeof member === 'object' && member !== null && 'responses' in member;
}

/** Adds the security requirement, and the errors that are common to all operations of this kind. */
function complete(operation: Operation, isRead: boolean): void {
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
