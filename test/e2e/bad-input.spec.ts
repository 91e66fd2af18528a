import type { Response } from 'supertest';
import type { Role } from '../../src/common/role.js';
import { buildEachRole, buildSignedIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { readOperations, type Field, type Operation } from '../support/operations.js';
import { isOwnRoute } from '../support/routes.js';
import { sendBody } from '../support/send-body.js';
import { TestApp } from '../support/test-app.js';

const REJECTION_CODES = ['validation_failed', 'malformed_body', 'payload_too_large', 'bad_request'];
const OAUTH_ERRORS = ['invalid_request', 'invalid_grant', 'unsupported_grant_type'];

/** Values that replace each field of each body, unless the field accepts their type. */
const HOSTILE: readonly [what: string, value: unknown][] = [
  ['NUL in a string', 'before\0after'],
  ['NUL alone', '\0'],
  ['a high surrogate without its low one', 'x\ud800'],
  ['a low surrogate without its high one', '\udfffx'],
  ['a string of 1 MB', 'x'.repeat(1_000_000)],
  ['an empty array', []],
  ['an array of one string', ['ada@example.com']],
  ['an empty object', {}],
  ['a query operator', { $ne: null, length: 12 }],
  ['an object with its own toString', { toString: 'x', valueOf: 1 }],
  ['a number', 1],
  ['zero', 0],
  ['a huge number', 1e308],
  ['true', true],
  ['false', false],
  ['null', null],
];

const POISONED_KEYS = ['__proto__', 'constructor', 'prototype'];

const SQL = [
  `'; DROP TABLE users; --`,
  `' OR '1'='1`,
  `x') OR 1=1; DELETE FROM sessions; --`,
  `%' OR true --`,
  `\\'; UPDATE users SET role = 'admin'; --`,
  `$1; :after; {0}`,
  `1 UNION SELECT password_hash FROM users`,
];

describe('bad input', () => {
  let app: TestApp;
  let people: Record<Role, SignedIn>;
  let target: SignedIn;
  let operations: Operation[];
  let json: Operation[];
  let rows: unknown;

  beforeAll(async () => {
    app = await TestApp.start();
    people = await buildEachRole(app);
    target = await buildSignedIn(app);
    await buildSignedIn(app);
    operations = await readOperations(app);
    json = operations.filter(({ mediaType, takesList }) => mediaType === 'application/json' && !takesList);
  });
  afterAll(() => app.close());

  beforeEach(async () => {
    rows = await everyRow();
  });

  /** Returns all users and sessions, except when sessions were last seen. */
  async function everyRow(where = 'true') {
    return {
      users: await app.database.query(`SELECT * FROM users WHERE ${where} ORDER BY id`),
      sessions: await app.database.query(
        `SELECT id, user_id, refresh_counter, expires_at, revoked_at FROM sessions ORDER BY id`,
      ),
    };
  }

  function send(operation: Operation, query = '', pathOf = (path: string) => path.replace('{id}', target.id)) {
    const id = operation.path.includes('sessions') ? target.sessionId : target.id;
    const path = pathOf(operation.path.replace('{id}', id));
    // With a valid access token, a sign-out ignores an invalid body.
    const caller = operation.path === '/auth/logout' ? app.request : app.as(people[operation.caller].accessToken);
    return caller[operation.method](`${path}${query}`);
  }

  /** Returns a body with one invalid field. */
  function bodyWith(operation: Operation, name: string, value: unknown): Record<string, unknown> {
    return { ...validBody(operation), [name]: value };
  }

  /** Returns how a response differs from a rejection that names the field, or `null`. */
  function findFailure(answer: Response, pointer?: string): string | null {
    const { code, errors = [] } = answer.body as { code?: string; errors?: { pointer: string }[] };
    if (answer.status < 400 || answer.status >= 500) return `returned ${answer.status}`;
    // The body must have a refresh token, because `send` adds no access token.
    if (code === 'token_missing' && new URL(answer.request.url).pathname === '/auth/logout') return null;
    if (!REJECTION_CODES.includes(code ?? '')) return `returned ${answer.status} ${code}`;
    const named = pointer === undefined || errors.some((error) => error.pointer.startsWith(pointer));
    return named || code !== 'validation_failed' ? null : `names ${JSON.stringify(errors)}`;
  }

  it.each(HOSTILE)('%s in any body field is rejected with the name of the field', async (_, value) => {
    const failures: string[] = [];
    for (const operation of json) {
      for (const field of operation.body.filter(({ schema }) => !isOfType(value, typesOf(schema.type)))) {
        const answer = await send(operation).send(bodyWith(operation, field.name, value));
        const failure = findFailure(answer, `/${field.name}`);
        if (failure) failures.push(`${operation.name} ${field.name}: ${failure}`);
      }
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each([
    ['white space', '   '],
    ['half an object', '{"email":"a'],
    ['two objects', '{}{}'],
    ['JSON with a comment', '{/**/}'],
    ['arrays 50,000 deep', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['objects 15,000 deep', `${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`],
    ['an unknown field', '{"colour":"red"}'],
    ['a field that no response shows', '{"passwordHash":"x","emailVerifiedAt":null}'],
    ['a member of Object.prototype', '{"toString":"x","hasOwnProperty":1}'],
    ['49,000 numbers', JSON.stringify({ items: Array.from({ length: 49_000 }, () => 1) })],
    ['9,000 unknown fields', JSON.stringify(Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [i, 1])))],
  ])('a body that is %s is rejected by every route', async (_, body) => {
    const failures: string[] = [];
    for (const operation of json) {
      const answer = await send(operation).set('Content-Type', 'application/json').send(body);
      const failure = findFailure(answer);
      if (failure) failures.push(`${operation.name}: ${failure}`);
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each(['null', '[]', '[{}]', '"x"', '""', '1', '-1.5e3', 'true', ' false '])(
    'the JSON body %s is valid JSON but not an object for every route',
    async (body) => {
      const failures: string[] = [];
      // A sign-out ignores them, and then needs an access token.
      for (const operation of json.filter(({ path }) => path !== '/auth/logout')) {
        const answer = await send(operation).set('Content-Type', 'application/json').send(body);
        const { code, errors } = answer.body as { code?: string; errors?: { pointer: string }[] };
        if (code !== 'validation_failed' || errors?.[0]?.pointer !== '') failures.push(`${operation.name}: ${code}`);
      }
      expect(failures).toEqual([]);
      expect(await everyRow()).toEqual(rows);
    },
  );

  it.each(POISONED_KEYS)('the key %s is rejected at any depth of any body', async (key) => {
    const failures: string[] = [];
    for (const operation of json) {
      const [first] = operation.body;
      for (const body of [
        `{${JSON.stringify(key)}:{"isAdmin":true}}`,
        `{"colour":{${JSON.stringify(key)}:{"isAdmin":true}}}`,
        `{${JSON.stringify(first?.name)}:[{${JSON.stringify(key)}:1}]}`,
      ]) {
        const failure = findFailure(await send(operation).set('Content-Type', 'application/json').send(body));
        if (failure) failures.push(`${operation.name} ${body}: ${failure}`);
      }
    }
    expect(failures).toEqual([]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(await everyRow()).toEqual(rows);
  });

  it('a missing body is rejected if a field is required', async () => {
    const failures: string[] = [];
    for (const operation of json.filter(({ body }) => body.some(({ isRequired }) => isRequired))) {
      const failure = findFailure(await send(operation).send(), '/');
      if (failure) failures.push(`${operation.name}: ${failure}`);
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it('a missing required field is rejected by name', async () => {
    const failures: string[] = [];
    for (const operation of json) {
      for (const { name } of operation.body.filter(({ isRequired }) => isRequired)) {
        const failure = findFailure(await send(operation).send(bodyWith(operation, name, undefined)), `/${name}`);
        if (failure) failures.push(`${operation.name} ${name}: ${failure}`);
      }
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  const queries: [what: string, (name: string) => string][] = [
    ['is given twice', (name) => `${name}=1&${name}=2`],
    ['is an array', (name) => `${name}[]=1`],
    ['is an object', (name) => `${name}[a]=1`],
    ['contains NUL', (name) => `${name}=a%00b`],
    ['is 10 kB long', (name) => `${name}=${'x'.repeat(10_000)}`],
    ['is empty', (name) => `${name}=`],
    ['has no value', (name) => name],
  ];

  it.each(queries)('a query parameter that %s is rejected', async (_, queryOf) => {
    const failures: string[] = [];
    for (const operation of operations) {
      for (const { name } of operation.query) {
        const failure = findFailure(await send(operation, `?${queryOf(name)}`), `/${name}`);
        if (failure) failures.push(`${operation.name} ${name}: ${failure}`);
      }
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each([
    'x',
    '-1',
    '0',
    '101',
    '1e2',
    '0x10',
    '1.5',
    '%201',
    '1%20',
    'TRUE',
    'null',
    'undefined',
    '{}',
    '[]',
    '*',
    '%EF%BC%91',
    '..%2f',
    ...SQL,
  ])('a query parameter that is not free text rejects %s', async (value) => {
    const failures: string[] = [];
    for (const operation of operations) {
      for (const { name } of operation.query.filter(({ schema }) => !isFreeText(schema))) {
        const query = `?${name}=${value.includes('%') && !SQL.includes(value) ? value : encodeURIComponent(value)}`;
        const failure = findFailure(await send(operation, query), `/${name}`);
        if (failure) failures.push(`${operation.name} ${name}: ${failure}`);
      }
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each([
    'colour=red',
    'toPageRequest=x',
    'toString=x',
    '__proto__=x',
    'constructor=x',
    'prototype=x',
    'a%00b=1',
    '%ed%a0%80=1',
  ])('an unknown query parameter is rejected: %s', async (extra) => {
    const failures: string[] = [];
    for (const operation of operations.filter(({ query }) => query.length > 0)) {
      const failure = findFailure(await send(operation, `?${extra}`));
      if (failure) failures.push(`${operation.name}: ${failure}`);
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each([
    'x',
    '1',
    'null',
    '%00',
    '%0a',
    '[object%20Object]',
    'x'.repeat(10_000),
    '00000000-0000-0000-0000-00000000000g',
    'ID%0a',
    'ID%00',
    '%20ID',
    'ID%20',
    '%7BID%7D',
    '__proto__',
    '*',
    '%25',
    ...SQL.map(encodeURIComponent),
  ])('a path parameter that is not a UUID is rejected: %s', async (value) => {
    const failures: string[] = [];
    for (const operation of operations.filter(({ pathParameters }) => pathParameters.length > 0)) {
      const id = value.replace('ID', target.id);
      const path = operation.path.replace(/\{\w+\}/, id);
      const request = app.as(people[operation.caller].accessToken)[operation.method](path);
      sendBody(request, operation, validBody(operation));
      const failure = findFailure(await request);
      if (failure) failures.push(`${operation.name}: ${failure}`);
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });

  it.each(SQL)('SQL in any body field is treated as text: %s', async (sql) => {
    const statuses: number[] = [];
    const own = [target, ...Object.values(people)].map(({ id }) => `'${id}'`).join();
    const others = `id NOT IN (${own}) AND email NOT LIKE 'sql-%'`;
    const before = await everyRow(others);
    for (const operation of json) {
      for (const { name } of operation.body) {
        const body = { ...bodyWith(operation, name, sql), ...(name !== 'email' && newEmail(operation)) };
        // A valid access token would sign out its session.
        const isSignOut = operation.path === '/auth/logout';
        const request = isSignOut ? app.request.post(operation.path) : send(operation);
        statuses.push((await request.send(body)).status);
      }
    }
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(await everyRow(others)).toEqual(before);
  });

  it.each(SQL)('SQL in a free-text query parameter is treated as text: %s', async (sql) => {
    const free = operations.flatMap((operation) =>
      operation.query.filter(({ schema }) => isFreeText(schema)).map(({ name }) => ({ operation, name })),
    );
    for (const { operation, name } of free) {
      const { status, body } = await send(operation, `?${name}=${encodeURIComponent(sql)}`);
      const isFound = (user: { name: string | null }) => user.name?.toLowerCase().includes(sql.toLowerCase());
      expect([operation.name, status]).toEqual([operation.name, 200]);
      expect((body.items as { name: string | null }[]).every(isFound)).toBe(true);
    }
    expect(free.length).toBeGreaterThan(0);
    expect(await everyRow()).toEqual(rows);
  });

  it.each([
    ['NUL', (name: string) => `${name}=a%00b`],
    ['a value given twice', (name: string) => `${name}=a&${name}=b`],
    ['an array', (name: string) => `${name}[]=a`],
    ['an object', (name: string) => `${name}[a]=b`],
    ['broken percent-encoding', (name: string) => `${name}=%zz%`],
    ['invalid UTF-8', (name: string) => `${name}=%ff%fe`],
    ['an encoded surrogate', (name: string) => `${name}=%ed%a0%80`],
    ['10 kB', (name: string) => `${name}=${'x'.repeat(10_000)}`],
    ['1 MB', (name: string) => `${name}=${'x'.repeat(1_000_000)}`],
    ['nothing', (name: string) => `${name}=`],
    ['SQL', (name: string) => `${name}=${encodeURIComponent(SQL[0] ?? '')}`],
    ['a poisoned key', (name: string) => `${name}=a&__proto__=b&constructor[prototype]=c`],
    ['1,000 other fields', (name: string) => `${name}=a&${'b=c&'.repeat(1_000)}`],
  ])('%s in any form field gets an OAuth error or has no effect', async (_, formOf) => {
    const failures: string[] = [];
    const forms = operations.filter(({ mediaType }) => mediaType?.endsWith('form-urlencoded'));
    for (const operation of forms.filter(isOwnRoute)) {
      for (const { name } of operation.body) {
        const rest = operation.body.filter((field) => field.name !== name).map(validPair);
        const form = [...rest, formOf(name)].join('&');
        const { status, body } = await send(operation).type('form').send(form);
        const isRejected = status === 400 && OAUTH_ERRORS.includes(body.error as string);
        // Introspection needs an API key. A revocation ignores an unknown token (RFC 7009 §2.2).
        const isHarmless = status === { '/auth/introspect': 403, '/auth/revoke': 200 }[operation.path];
        if (!isRejected && !isHarmless)
          failures.push(`${operation.name} ${name}: returned ${status} ${JSON.stringify(body)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(await everyRow()).toEqual(rows);
  });
});

function typesOf(type: Field['schema']['type']): readonly string[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type;
}

/** Returns whether a schema of these types accepts a value. All strings in `HOSTILE` are invalid. */
function isOfType(value: unknown, types: readonly string[]): boolean {
  if (value === null) return types.includes('null');
  if (typeof value === 'number') return types.includes('number') || types.includes('integer');
  return typeof value === 'boolean' && types.includes('boolean');
}

function isFreeText(schema: Field['schema']): boolean {
  const { type, maxLength, format, pattern } = schema;
  return type === 'string' && maxLength !== undefined && format === undefined && pattern === undefined;
}

function validValue({ name, schema }: Field): unknown {
  if (schema.format === 'uuid') return UNKNOWN_ID;
  if (schema.format === 'date-time') return '2026-01-15T09:30:00.000Z';
  if (typesOf(schema.type).includes('boolean')) return true;
  if (isOfType(1, typesOf(schema.type))) return schema.example ?? 1;
  return schema.enum?.[0] ?? schema.example ?? name;
}

function validBody(operation: Operation): Record<string, unknown> | undefined {
  if (operation.body.length === 0) return undefined;
  return Object.fromEntries(operation.body.map((field) => [field.name, validValue(field)]));
}

function validPair(field: Field): string {
  return `${field.name}=${encodeURIComponent(String(validValue(field)))}`;
}

let counter = 0;

function newEmail(operation: Operation): { email?: string } {
  return operation.body.some(({ name }) => name === 'email') ? { email: `sql-${++counter}@example.com` } : {};
}
