import type { OpenAPIObject } from '@nestjs/swagger';
import type { TestApp } from './test-app.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Schemas[string];

/** One route of the OpenAPI document, with what a client would send to it. */
export interface Operation {
  /** As `PATCH /admin/users/{id}`. */
  readonly name: string;
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  readonly path: string;
  readonly isGuarded: boolean;
  readonly isForAdmins: boolean;
  readonly statuses: readonly number[];
  readonly contentType: string | undefined;
  readonly query: Readonly<Record<string, unknown>>;
  /** The example values of every field; undefined where there is no body. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** The problem codes that the document names for a status. */
  codesOf(status: number): readonly string[];
}

/** Reads every route from the document that an instance serves. */
export async function readOperations(app: TestApp): Promise<Operation[]> {
  const document = (await app.request.get('/openapi.json').expect(200)).body as OpenAPIObject;
  const schemas = document.components?.schemas ?? {};
  const methods = ['get', 'post', 'patch', 'put', 'delete'] as const;
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const [contentType, media] = Object.entries(
        (operation.requestBody as { content?: Record<string, { schema?: Schema }> } | undefined)?.content ?? {},
      )[0] ?? [undefined, undefined];
      const parameters = (operation.parameters ?? []) as {
        in: string;
        name: string;
        required?: boolean;
        schema: Schema;
      }[];
      const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.required);
      const responses = operation.responses as Record<string, { content?: Record<string, { examples?: object }> }>;
      return {
        name: `${method.toUpperCase()} ${path}`,
        method,
        path,
        isGuarded: (operation.security ?? []).length > 0,
        isForAdmins: JSON.stringify((operation as unknown as Record<string, unknown>)['x-roles']) === '["admin"]',
        statuses: Object.keys(responses).map(Number),
        contentType,
        query: Object.fromEntries(query.map(({ name, schema }) => [name, example(schema, schemas)])),
        body: media?.schema && (example(media.schema, schemas) as Record<string, unknown>),
        codesOf: (status: number) =>
          Object.keys(responses[String(status)]?.content?.['application/problem+json']?.examples ?? {}),
      };
    }),
  );
}

function example(schema: Schema, schemas: Schemas): unknown {
  if ('$ref' in schema) return example(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf?.[0]) return example(schema.allOf[0], schemas);
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, field]) => [name, example(field, schemas)]),
    );
  }
  if (schema.format === 'date-time') return '2001-01-01T00:00:00.000Z';
  return schema.format === 'uuid' ? '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' : 'x';
}
