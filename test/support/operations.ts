import type { OpenAPIObject } from '@nestjs/swagger';
import { hasPermission, ROLES, type Permission, type Role } from '../../src/common/role.js';
import { UNKNOWN_ID } from './constants.js';
import type { TestApp } from './test-app.js';

export interface Schema {
  readonly pattern?: string;
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** One field of a body, a query or a path, with its schema resolved. */
export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** One documented operation with its input and its responses. */
export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  readonly path: string;
  /** For example `PATCH /admin/users/{id}`. */
  readonly name: string;
  /** Whether every request needs a token. */
  readonly isGuarded: boolean;
  /** The roles that may call the operation. */
  readonly roles: readonly Role[];
  /** One of `roles`, `admin` if possible. */
  readonly caller: Role;
  readonly mediaType: string | undefined;
  /** Whether the body is a list. */
  readonly takesList: boolean;
  /** The fields of the body, or of each item if it is a list. */
  readonly body: readonly Field[];
  readonly query: readonly Field[];
  readonly pathParameters: readonly Field[];
  /** An example of every field, in a list if the body is one. `undefined` if the operation has no body. */
  readonly exampleBody: object | undefined;
  /** An example of every required query parameter. */
  readonly exampleQuery: Readonly<Record<string, unknown>>;
  readonly statuses: readonly number[];
  /** Returns the documented problem codes of a status. */
  codesOf(status: number): readonly string[];
  /** The operation in the document. */
  readonly documented: DocumentedOperation;
}

export interface DocumentedOperation {
  readonly summary?: string;
  readonly description?: string;
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Record<string, unknown>[];
  readonly 'x-roles'?: readonly Role[];
  readonly 'x-permissions'?: readonly Permission[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedResponse {
  readonly description?: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<
    Record<string, { readonly schema?: object; readonly examples?: Readonly<Record<string, Example>> }>
  >;
}

interface Example {
  readonly value: { readonly code: string; readonly status: number; readonly type: string };
}

/** Returns the operations in the document that an instance serves. */
export async function readOperations(app: TestApp): Promise<Operation[]> {
  return operationsOf((await app.request.get('/openapi.json').expect(200)).body as OpenAPIObject);
}

/** Returns the operations of an OpenAPI document. Tests that iterate over them also cover new routes. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, DocumentedOperation>).map(([method, documented]) => ({
      method: method as Operation['method'],
      path,
      name: `${method.toUpperCase()} ${path}`,
      isGuarded: schemesOf(documented).length > 0 && !schemesOf(documented).includes(''),
      ...rolesOf(documented),
      ...inputOf(document, documented),
      statuses: Object.keys(documented.responses).map(Number),
      codesOf: (status: number) =>
        Object.keys(documented.responses[status]?.content?.['application/problem+json']?.examples ?? {}),
      documented,
    })),
  );
}

/** Returns the names of the security schemes. An empty name stands for a request without a token. */
export function schemesOf({ security = [] }: DocumentedOperation): string[] {
  return security.map((requirement) => Object.keys(requirement).join());
}

function rolesOf({ 'x-roles': named = ROLES, 'x-permissions': permissions = [] }: DocumentedOperation) {
  const roles = named.filter((role) => permissions.every((permission) => hasPermission(role, permission)));
  return { roles, caller: roles.includes('admin') ? 'admin' : (roles[0] ?? 'admin') };
}

function inputOf(document: OpenAPIObject, { requestBody, parameters = [] }: DocumentedOperation) {
  const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const { type, items, ...object } = resolve(document, content?.schema ?? {});
  const takesList = type === 'array';
  const { properties = {}, required = [] } = takesList ? resolve(document, items ?? {}) : object;
  const body = Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: resolve(document, schema),
    isRequired: required.includes(name),
  }));
  const parametersIn = (place: string) =>
    parameters
      .filter((parameter) => parameter.in === place)
      .map((parameter) => ({
        name: parameter.name,
        schema: resolve(document, parameter.schema),
        isRequired: parameter.required ?? false,
      }));
  const query = parametersIn('query');
  return {
    mediaType,
    takesList,
    body,
    query,
    pathParameters: parametersIn('path'),
    exampleBody: content && (takesList ? [examplesOf(body)] : examplesOf(body)),
    exampleQuery: examplesOf(query.filter(({ isRequired }) => isRequired)),
  };
}

/** Resolves the references of a schema. */
function resolve(document: OpenAPIObject, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const referred = name === undefined ? [] : [document.components?.schemas?.[name] as Schema];
  // An upload combines its fields with its files.
  const parts = [...referred, ...(schema.allOf ?? [])].map((part) => resolve(document, part));
  // Swagger describes an enumeration that may be null with `anyOf`.
  const alternatives = (schema.anyOf ?? []).map((part) => resolve(document, part));
  const types = alternatives.flatMap(({ type }) => type ?? []);
  const merged = Object.assign({}, ...parts, ...alternatives, schema, types.length > 0 && { type: types }) as Schema;
  const all = [...parts, schema];
  const properties = Object.assign({}, ...all.map((part) => part.properties)) as NonNullable<Schema['properties']>;
  return { ...merged, properties, required: all.flatMap(({ required = [] }) => required) };
}

function examplesOf(fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, schema }) => [name, exampleOf(schema)]));
}

function exampleOf(schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'date-time') return '2001-01-01T00:00:00.000Z';
  return schema.format === 'uuid' ? UNKNOWN_ID : 'x';
}
