import type { OpenAPIObject } from '@nestjs/swagger';

export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** One field of a body, a query or a path, with its schema resolved. */
export interface Field {
  readonly name: string;
  readonly schema: Schema;
}

/** One documented operation, and all that it takes from a caller. */
export interface ApiOperation {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  readonly path: string;
  /** `POST /auth/login`, for people. */
  readonly name: string;
  readonly mediaType: string | undefined;
  readonly body: readonly Field[];
  readonly required: readonly string[];
  readonly query: readonly Field[];
  readonly pathParameters: readonly Field[];
}

/** Every operation of an OpenAPI document, so that what a test does to all routes it does to new ones too. */
export function operationsOf(document: OpenAPIObject): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => {
      const content = Object.entries(operation.requestBody?.content ?? {})[0];
      const body = resolve(document, content?.[1].schema ?? {});
      const parameters = (place: string) =>
        (operation.parameters ?? [])
          .filter((parameter) => parameter.in === place)
          .map(({ name, schema }) => ({ name, schema: resolve(document, schema) }));
      return {
        method: method as ApiOperation['method'],
        path,
        name: `${method.toUpperCase()} ${path}`,
        mediaType: content?.[0],
        body: Object.entries(body.properties ?? {}).map(([name, schema]) => ({
          name,
          schema: resolve(document, schema),
        })),
        required: body.required ?? [],
        query: parameters('query'),
        pathParameters: parameters('path'),
      };
    }),
  );
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
}

/** A schema with what it refers to put in its place. */
function resolve(document: OpenAPIObject, schema: Schema): Schema {
  const referred = schema.$ref === undefined ? [] : [document.components?.schemas?.[nameOf(schema.$ref)] as Schema];
  const parts = [...referred, ...(schema.allOf ?? [])].map((part) => resolve(document, part));
  return Object.assign({}, ...parts, schema) as Schema;
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
