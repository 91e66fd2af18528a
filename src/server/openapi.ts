import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { ForbiddenError, OverloadedError, RequestTimeoutError, ValidationFailedError } from '../common/domain.error.js';
import { OWN_ERRORS_EXTENSION, problemResponses, type DocumentedError } from '../http/api-problems.decorator.js';
import { BadRequestError, InternalError } from '../http/http.errors.js';
import { PUBLIC_EXTENSION } from '../http/public.decorator.js';
import { PERMISSIONS_EXTENSION, ROLES_EXTENSION } from '../http/roles.decorator.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import {
  SessionExpiredError,
  SessionNotFoundError,
  SessionRevokedError,
  UserInactiveError,
} from '../sessions/sessions.errors.js';
import { describeBody } from './openapi-body.js';
import { describeHeaders, HEADERS, isReference } from './openapi-headers.js';
import { operationIds, renameSchemas } from './openapi-names.js';
import { describeStream, streamFinder } from './openapi-streams.js';

const SCHEME = 'signIn';
const PROBLEM = 'application/problem+json';

const DESCRIPTION = `Accounts, sign-in and instantly revocable sessions.

An access token identifies you. Every request also checks your session, so that a revocation takes effect immediately. Choose **Authorize** to sign in with your email and password.

Every error is a problem document (RFC 9457) with a stable \`code\`. An unknown path returns 404 \`not_found\`. A method that the path does not support returns 405 \`method_not_allowed\` with \`Allow\`. A client with too many connections gets 429 \`too_many_connections\`.`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

interface MediaType {
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, object>>;
}

/** Builds the OpenAPI document of the application, without the database. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    // Other tags get a description from their name.
    .addTag('auth', 'Register, sign in, refresh, sign out')
    .addTag('recovery', 'Change or reset a password, verify an email, report a sign-in that was not you')
    .addTag('users', 'Your own account')
    .addTag('sessions', 'Your own sessions')
    .addTag('admin', 'All accounts, sessions and audit events, for admins')
    .addTag('health', 'Liveness and readiness probes')
    .build();
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
  document.components = {
    ...document.components,
    headers: { ...HEADERS },
    securitySchemes: { [SCHEME]: { type: 'oauth2', flows: { password: { tokenUrl, scopes: {} } } } },
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object).filter(isOperation));
  for (const operation of operations) {
    if (streams.has(operation.operationId ?? '')) describeStream(operation.responses);
    complete(operation);
  }
  const described = new Set(document.tags?.map(({ name }) => name));
  const others = new Set(operations.flatMap(({ tags = [] }) => tags).filter((name) => !described.has(name)));
  document.tags?.push(...[...others].map((name) => ({ name, description: `Routes of ${name}` })));
  return renameSchemas(document);
}

function isOperation(member: unknown): member is Operation {
  return typeof member === 'object' && member !== null && 'responses' in member;
}

/** Adds the security requirement, and the errors that are common to all operations of this kind. */
function complete(operation: Operation): void {
  const isPublic = operation[PUBLIC_EXTENSION] === true;
  Reflect.deleteProperty(operation, PUBLIC_EXTENSION);
  operation.security = isPublic ? [] : [{ [SCHEME]: [] }];
  const { responses } = operation;
  const bodyErrors = describeBody(operation);
  const hasOwnErrors = operation[OWN_ERRORS_EXTENSION] === true;
  Reflect.deleteProperty(operation, OWN_ERRORS_EXTENSION);
  addProblems(responses, hasOwnErrors ? [InternalError] : [...commonErrors(operation, isPublic), ...bodyErrors]);
  for (const [status, response] of Object.entries(responses)) {
    if (response && !isReference(response)) response.description ||= STATUS_CODES[status] ?? 'Other responses.';
  }
  describeHeaders(responses);
}

function commonErrors(operation: Operation, isPublic: boolean): DocumentedError[] {
  const errors: DocumentedError[] = [InternalError];
  const takesInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  if (takesInput) errors.push(ValidationFailedError, BadRequestError);
  if (!isPublic) errors.push(TokenMissingError, TokenInvalidError, TokenExpiredError, ...SESSION_ERRORS);
  if (operation[ROLES_EXTENSION] ?? operation[PERMISSIONS_EXTENSION]) errors.push(ForbiddenError);
  if (!isPublic || operation.requestBody) errors.push(DatabaseUnavailableError, OverloadedError, RequestTimeoutError);
  return errors;
}

const SESSION_ERRORS = [SessionNotFoundError, SessionRevokedError, SessionExpiredError, UserInactiveError];

/**
 * Adds errors to the responses. Errors with the same status share one response, as several examples. Keeps what a decorator
 * of Swagger describes, such as `@ApiForbiddenResponse({ description })`.
 */
function addProblems(responses: Operation['responses'], errors: readonly DocumentedError[]): void {
  for (const [status, added] of Object.entries(problemResponses(errors))) {
    const existing = responses[status];
    if (existing && isReference(existing)) continue;
    const media: MediaType = existing?.content?.[PROBLEM] ?? {};
    const { example, ...problem } = media;
    const examples = example === undefined ? problem.examples : { example: { value: example } };
    const merged = { ...added.content[PROBLEM], ...problem };
    responses[status] = {
      ...existing,
      description: [existing?.description, added.description].filter(Boolean).join('\n\n'),
      content: {
        ...existing?.content,
        [PROBLEM]: { ...merged, examples: { ...examples, ...added.content[PROBLEM].examples } },
      },
    };
  }
}
