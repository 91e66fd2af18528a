import * as fc from 'fast-check';
import type { Field, Operation, Schema } from './operations.js';

/** A request to an operation of the document. Its input follows the schemas, or violates them. */
export interface GeneratedRequest {
  readonly operation: Operation;
  readonly caller: 'user' | 'admin' | 'nobody' | 'forged';
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The text of the body. `undefined` for none. */
  readonly body: string | undefined;
  readonly contentType: string;
}

const HOSTILE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e308,
    2 ** 53,
    '',
    ' ',
    [],
    {},
    [[]],
    '__proto__',
    'constructor',
    '\0',
    '\uD800',
  ),
  fc.constantFrom(
    '🏳️‍⚧️',
    'ﷺ',
    "' OR 1=1 --",
    '<script>',
    '%00',
    '../../etc/passwd',
    '\u202Etxet',
    'a'.repeat(5_000),
    '1'.repeat(400),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const HOSTILE_FIELDS = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'toPageRequest',
  'role',
  'isAdmin',
  'id',
  '',
);

/** Returns a value of a schema: usually a valid one, often its example. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  const examples = schema.example === undefined ? [] : [fc.constant(schema.example)];
  return fc.oneof(...examples, validValue(schema));
}

function validValue({ enum: words, type, format, minimum, maximum, maxLength }: Schema): fc.Arbitrary<unknown> {
  const isType = (name: string) => [type].flat().includes(name);
  if (words) return fc.constantFrom(...words);
  if (isType('boolean')) return fc.boolean();
  if (isType('integer')) return fc.integer({ min: minimum ?? -(2 ** 31), max: maximum ?? 2 ** 31 - 1 });
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress({ size: 'small' });
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString());
  return fc.string({ unit: 'grapheme', maxLength: Math.min(maxLength ?? 50, 200) });
}

/** Returns the fields of an input: required ones nearly always, some of them hostile, and sometimes unknown ones. */
function fieldsOf(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const known = fields.map(({ name, schema, isRequired }) =>
    fc
      .tuple(
        fc.oneof({ arbitrary: valueOf(schema), weight: 9 }, { arbitrary: HOSTILE, weight: 1 }),
        fc.integer({ min: 0, max: 19 }),
      )
      .map(([value, chance]): [string, unknown][] => (chance < (isRequired ? 19 : 8) ? [[name, value]] : [])),
  );
  const unknown = fc
    .tuple(HOSTILE_FIELDS, HOSTILE, fc.integer({ min: 0, max: 9 }))
    .map(([name, value, chance]): [string, unknown][] => (chance === 0 ? [[name, value]] : []));
  // Defines `__proto__` as a field, as `JSON.parse` does.
  return fc.tuple(...known, unknown).map((entries) => Object.fromEntries(entries.flat()));
}

/** An empty segment, `.` and `..` would lead to another route. */
const segmentOf = (value: unknown) => textOf(value).replace(/^\.{0,2}$/, 'x');

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function formOf(fields: Readonly<Record<string, unknown>>): string {
  return new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, textOf(value)]),
  ).toString();
}

/** Generates requests to these operations. */
export function generatedRequests(
  operations: readonly Operation[],
  ids: readonly string[],
): fc.Arbitrary<GeneratedRequest> {
  const id = fc.oneof(
    { arbitrary: fc.constantFrom(...ids), weight: 4 },
    { arbitrary: fc.uuid(), weight: 2 },
    HOSTILE.map(segmentOf),
  );
  return fc.constantFrom(...operations).chain((operation) => {
    const type = operation.mediaType ?? 'application/json';
    const isForm = type === 'application/x-www-form-urlencoded';
    const body = fieldsOf(operation.body).map((fields) => (isForm ? formOf(fields) : JSON.stringify(fields)));
    return fc.record({
      operation: fc.constant(operation),
      caller: fc.constantFrom('user', 'user', 'admin', 'admin', 'admin', 'nobody', 'forged'),
      path: fc.record(Object.fromEntries(operation.pathParameters.map(({ name }) => [name, id]))),
      query: fieldsOf(operation.query).map((fields) =>
        Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value).toWellFormed()])),
      ),
      body:
        operation.exampleBody === undefined
          ? fc.constant(undefined)
          : fc.oneof(
              { arbitrary: body, weight: 12 },
              HOSTILE.map((value) => JSON.stringify(value)),
              fc.string({ maxLength: 30 }),
            ),
      contentType: fc.oneof(
        { arbitrary: fc.constant(type), weight: 19 },
        fc.constantFrom('text/plain', 'application/xml'),
      ),
    }) as fc.Arbitrary<GeneratedRequest>;
  });
}
