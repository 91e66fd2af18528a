import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { readVersion } from '../common/version.js';
import { HEADERS } from './openapi-headers.js';
import { operationIds, renameSchemas } from './openapi-names.js';
import { completeOperation, SCHEME, type Operation } from './openapi-operations.js';
import { declareProblemCodes, narrowProblems } from './openapi-problems.js';
import { describeStream, streamFinder } from './openapi-streams.js';

const DESCRIPTION = `Accounts, sign-in and instantly revocable sessions.

An access token identifies you. Every request also checks your session, so that a revocation takes effect immediately. Choose **Authorize** to sign in with your email and password. An API key works like an access token, except where \`sign_in_required\` is listed.

Every error is a problem document (RFC 9457) with a stable \`code\`. An unknown path returns 404 \`not_found\`. A method that the path does not support returns 405 \`method_not_allowed\` with \`Allow\`. A client with too many connections gets 429 \`too_many_connections\`.`;

/** Builds the OpenAPI document of the application, without the database. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const isStream = streamFinder(app);
  const streams = new Set<string>();
  const nameOperation = operationIds();
  const operationIdFactory = (controller: string, method: string, version?: string) => {
    const id = nameOperation(controller, method, version);
    if (isStream(controller, method)) streams.add(id);
    return id;
  };
  const document = SwaggerModule.createDocument(app, describeApi(), { operationIdFactory });
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object).filter(isOperation));
  const reads = new Set<unknown>(Object.values(document.paths).flatMap(({ get, head }) => [get, head]));
  for (const operation of operations) {
    if (streams.has(operation.operationId ?? '')) describeStream(operation.responses);
    completeOperation(operation, reads.has(operation));
  }
  const codes = operations.flatMap(({ responses }) => narrowProblems(responses));
  declareComponents(document, codes);
  declareTags(document, operations);
  return renameSchemas(document);
}

/** Returns the members of the document that do not depend on the routes. */
function describeApi(): Omit<OpenAPIObject, 'paths'> {
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
  return base;
}

function declareComponents(document: OpenAPIObject, codes: readonly string[]): void {
  const tokenUrl = Object.keys(document.paths).find((path) => path.endsWith('/auth/token')) ?? '/auth/token';
  const { schemas = {} } = document.components ?? {};
  document.components = {
    ...document.components,
    schemas,
    headers: { ...HEADERS },
    securitySchemes: { [SCHEME]: { type: 'oauth2', flows: { password: { tokenUrl: tokenUrl.slice(1), scopes: {} } } } },
  };
  declareProblemCodes(schemas, codes);
}

/** Adds the tags of other modules. */
function declareTags(document: OpenAPIObject, operations: readonly Operation[]): void {
  const described = new Set(document.tags?.map(({ name }) => name));
  const others = new Set(operations.flatMap(({ tags = [] }) => tags).filter((name) => !described.has(name)));
  document.tags?.push(...[...others].map((name) => ({ name, description: `Routes of ${name}` })));
}

function isOperation(member: unknown): member is Operation {
  return typeof member === 'object' && member !== null && 'responses' in member;
}
