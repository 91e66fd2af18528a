import type { OpenAPIObject } from '@nestjs/swagger';

type OperationIdFactory = (controller: string, method: string, version?: string) => string;

const SCHEMA = /^#\/components\/schemas\/(\w+)$/;
/** A name without an object, such as `list` or Nest's `findAll`. */
const BARE = /^[a-z]+(All|One|Many|ById)?(\[\d+\])?$/;

/**
 * Returns a function that names operations for client generators. A method name with an object, such as `listOrders`, is
 * the ID. Otherwise, or if another controller has that name, `OrdersController.list` becomes `ordersList`.
 */
export function operationIds(): OperationIdFactory {
  const owners = new Map<string, string>();
  return (controller, method, version = '') => {
    const id = joinWords(method, version);
    const isTaken = (owners.get(id) ?? controller) !== controller;
    if (BARE.test(method) || isTaken) return joinWords(controller.replace(/Controller$/, ''), method, version);
    owners.set(id, controller);
    return id;
  };
}

/** Removes `Dto` from the names of schemas, unless another schema has that name. Returns a copy. */
export function renameSchemas(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  const renamed = (name: string) => {
    const short = name.replace(/Dto$/, '');
    return short in schemas ? name : short;
  };
  const copy = JSON.parse(JSON.stringify(document), (_, value: unknown) => {
    const name = typeof value === 'string' ? SCHEMA.exec(value)?.[1] : undefined;
    return name === undefined ? value : `#/components/schemas/${renamed(name)}`;
  }) as OpenAPIObject;
  const entries = Object.entries(copy.components?.schemas ?? {});
  if (copy.components)
    copy.components.schemas = Object.fromEntries(entries.map(([name, schema]) => [renamed(name), schema]));
  return copy;
}

/** Joins words in camelCase. Removes characters that IDs should not have. */
function joinWords(...words: readonly string[]): string {
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return name.charAt(0).toLowerCase() + name.slice(1).replaceAll(/\W/g, '');
}
