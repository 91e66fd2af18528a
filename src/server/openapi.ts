import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { ForbiddenError, ValidationFailedError } from '../common/domain.error.js';
import { problemResponses, type DocumentedError } from '../http/api-problems.decorator.js';
import {
  BadRequestError,
  InternalError,
  MalformedBodyError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
} from '../http/edge.errors.js';
import { PUBLIC_EXTENSION } from '../http/public.decorator.js';
import { ROLES_EXTENSION } from '../http/roles.decorator.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { describeHeaders, HEADERS } from './openapi-headers.js';
import {
  SessionExpiredError,
  SessionNotFoundError,
  SessionRevokedError,
  UserInactiveError,
} from '../sessions/sessions.errors.js';

const SCHEME = 'signIn';
/** Only OAuth's token endpoint takes a form, and it answers errors in a form of its own. */
const FORM = 'application/x-www-form-urlencoded';

const DESCRIPTION = `Accounts, sign-in, and sessions that end the moment someone says so.

An access token says who you are; a session row says whether you still may. **Authorize** signs you in with an e-mail address and a password.

Every error is a problem document (RFC 9457) whose \`code\` is stable. An unknown path is 404 \`not_found\`; a known one with another method is 405 \`method_not_allowed\`, with \`Allow\`.`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** The OpenAPI document of an application. Needs no database. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addOAuth2({ type: 'oauth2', flows: { password: { tokenUrl: '/auth/token', scopes: {} } } }, SCHEME)
    .addTag('auth', 'Register, sign in, refresh, sign out')
    .addTag('recovery', 'Change, reset, verify, and say: this was not me')
    .addTag('users', 'My own account')
    .addTag('sessions', 'Where I am signed in')
    .addTag('admin', 'Everyone’s accounts and sessions, and what happened to them, for admins')
    .addTag('health', 'For probes')
    .build();
  const document = SwaggerModule.createDocument(app, outline, { operationIdFactory: operationId });
  document.components = { ...document.components, headers: { ...HEADERS } };
  for (const path of Object.values(document.paths)) {
    for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const) {
      const operation = path[method];
      if (operation) complete(operation as Operation);
    }
  }
  return document;
}

/** `UsersAdminController.list` is `usersAdminList`: what a client generator calls the method. */
function operationId(controller: string, method: string): string {
  const name = controller.replace(/Controller$/, '');
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** Adds what every route of its kind may answer, and whether it needs a token, so that no controller repeats it. */
function complete(operation: Operation): void {
  const isOpen = operation[PUBLIC_EXTENSION] === true;
  Reflect.deleteProperty(operation, PUBLIC_EXTENSION);
  operation.security = isOpen ? [] : [{ [SCHEME]: [] }];
  const { requestBody } = operation;
  const answersOAuth = requestBody && 'content' in requestBody && FORM in requestBody.content;
  const common = problemResponses(answersOAuth ? [InternalError] : commonErrors(operation, isOpen));
  for (const [status, response] of Object.entries(common)) merge(operation.responses, status, response);
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && 'description' in response) response.description ||= STATUS_CODES[status] ?? '';
  }
  describeHeaders(operation.responses);
}

function commonErrors(operation: Operation, isOpen: boolean): DocumentedError[] {
  const errors: DocumentedError[] = [InternalError];
  const takesInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  if (takesInput) errors.push(ValidationFailedError, BadRequestError);
  if (operation.requestBody) errors.push(MalformedBodyError, PayloadTooLargeError, UnsupportedMediaTypeError);
  if (!isOpen) errors.push(TokenMissingError, TokenInvalidError, TokenExpiredError, ...SESSION_ERRORS);
  if (operation[ROLES_EXTENSION]) errors.push(ForbiddenError);
  if (!isOpen || operation.requestBody) errors.push(DatabaseUnavailableError);
  return errors;
}

const SESSION_ERRORS = [SessionNotFoundError, SessionRevokedError, SessionExpiredError, UserInactiveError];

type Response = ReturnType<typeof problemResponses>[string];

/** A route's own problems of a status and those that it shares with others are one response, with all the examples. */
function merge(responses: Operation['responses'], status: string, common: Response): void {
  const own = responses[status] as Response | undefined;
  const [ownProblem, commonProblem] = [
    own?.content['application/problem+json'],
    common.content['application/problem+json'],
  ];
  if (!own || !ownProblem) {
    responses[status] ??= common;
    return;
  }
  own.description = `${own.description}\n\n${common.description}`;
  Object.assign(ownProblem.examples, commonProblem.examples);
}
