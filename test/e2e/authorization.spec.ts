import type { Response } from 'supertest';
import { ROLES, type Role } from '../../src/common/role.js';
import { buildEachRole, buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { readOperations, type Operation } from '../support/operations.js';
import { isOwnRoute, routesOf, type Route } from '../support/routes.js';
import { sendBody } from '../support/send-body.js';
import { TestApp } from '../support/test-app.js';

/** The routes that need no token. Add a new public route here. */
const PUBLIC_ROUTES = [
  'POST /auth/register',
  'POST /auth/login',
  'POST /auth/login/factor',
  'POST /auth/login/factor/passkey-options',
  'POST /auth/passkey/options',
  'POST /auth/passkey',
  'POST /auth/refresh',
  'POST /auth/token',
  'POST /auth/revoke',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/jwks.json',
  'POST /auth/password/forgot',
  'POST /auth/password/reset',
  'POST /auth/email/verify',
  'POST /auth/email/change',
  'POST /auth/invitation/accept',
  'POST /auth/not-me',
  'POST /auth/one-time-tokens/check',
  'GET /health/live',
  'GET /health/ready',
  'GET /health/db',
];

/** The routes that only API keys may call. */
const KEY_ROUTES = ['POST /auth/introspect'];

describe('authorization', () => {
  let app: TestApp;
  let operations: Operation[];
  let people: Record<Role, SignedIn>;

  beforeAll(async () => {
    app = await TestApp.start();
    operations = await readOperations(app);
    people = await buildEachRole(app);
  });
  afterAll(() => app.close());

  const pathOf = (operation: Operation, id: string) => operation.path.replace('{id}', id);
  const send = async (
    operation: Operation,
    by?: SignedIn,
    body: unknown = operation.exampleBody,
  ): Promise<Response> => {
    const request = (by ? app.as(by.accessToken) : app.request)[operation.method](pathOf(operation, UNKNOWN_ID));
    sendBody(request, operation, body);
    return request.query(operation.exampleQuery);
  };
  /** Returns what the document does not allow in a response, or `null`. */
  const findUndocumented = (operation: Operation, { status, body }: Response): string | null => {
    if (!operation.statuses.includes(status)) return `${operation.name} returned ${status}`;
    const codes = operation.codesOf(status);
    const isDocumented = codes.length === 0 || codes.includes(body.code as string);
    return isDocumented ? null : `${operation.name} returned ${status} ${body.code}`;
  };

  it('is required on every route except the public ones', async () => {
    const open: Route[] = [];
    for (const route of routesOf(app)) {
      const response = await app.request[route.method](route.path.replaceAll(/\{\w+\}/g, UNKNOWN_ID));
      if (!isAskedForToken(response)) open.push(route);
    }
    const guarded = operations.filter(({ isGuarded }) => isGuarded).map(({ name }) => name);
    expect(open.filter(({ name }) => guarded.includes(name))).toEqual([]);
    const own = open.filter(isOwnRoute).map(({ name }) => name);
    expect(own.sort()).toEqual([...PUBLIC_ROUTES].sort());
  });

  describe('every documented route', () => {
    it('responds as documented without a token, with 401 if it needs one', async () => {
      const undocumented: (string | null)[] = [];
      for (const operation of operations) {
        const response = await send(operation);
        undocumented.push(findUndocumented(operation, response));
        if (operation.isGuarded && !isAskedForToken(response)) undocumented.push(`${operation.name} is open`);
      }
      expect(undocumented.filter(Boolean)).toEqual([]);
    });

    it.each(ROLES)('responds as documented to the role %s, with 403 where it is not allowed', async (role) => {
      const undocumented: (string | null)[] = [];
      for (const operation of operations) {
        // Some routes revoke the session or delete the account.
        const response = await send(operation, await buildSignedIn(app, role));
        undocumented.push(findUndocumented(operation, response));
        const isAllowed = operation.roles.includes(role) && !KEY_ROUTES.includes(operation.name);
        expect(`${operation.name}: ${response.status !== 403}`).toBe(`${operation.name}: ${isAllowed}`);
      }
      expect(undocumented.filter(Boolean)).toEqual([]);
    });

    it.each<[string, unknown]>([
      ['an empty object', {}],
      ['unknown fields only', { unknown: true }],
      ['a list', []],
      ['broken JSON', '{"'],
    ])('responds as documented to a caller who sends %s', async (_, body) => {
      const undocumented: (string | null)[] = [];
      for (const operation of operations.filter((candidate) => candidate.exampleBody)) {
        undocumented.push(
          findUndocumented(operation, await send(operation, await signIn(app, people[operation.caller]), body)),
        );
      }
      expect(undocumented.filter(Boolean)).toEqual([]);
    });

    it('checks the role before the input', async () => {
      for (const role of ROLES) {
        const { accessToken } = await signIn(app, people[role]);
        for (const operation of operations.filter(({ roles }) => !roles.includes(role))) {
          const path = pathOf(operation, 'invalid-id');
          const response = await app.as(accessToken)[operation.method](path).send({ unknown: true });
          expectProblem(response, 403, 'forbidden');
        }
      }
    });
  });

  describe('the ID of another user', () => {
    it('gets 403 or 404 on every route with every method and changes nothing', async () => {
      const ada = await buildSignedIn(app);
      const eve = await buildSignedIn(app);
      const paths = new Set(operations.filter(({ path }) => path.includes('{id}')).map(({ path }) => path));
      const snapshot = () =>
        app.database.query('SELECT u.*, s.* FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1', [
          ada.id,
        ]);
      const before = await snapshot();
      for (const path of paths) {
        for (const id of [ada.id, ada.sessionId]) {
          for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const) {
            const operation = operations.find((candidate) => candidate.path === path && candidate.method === method);
            const request = app.as(eve.accessToken)[method](path.replace('{id}', id));
            if (operation) sendBody(request, operation, operation.exampleBody);
            const { status } = await request;
            // A validator may reject the example of a file before the handler looks for the resource.
            if (operation?.mediaType === 'multipart/form-data' && [400, 422].includes(status)) continue;
            const expected = !operation ? 405 : operation.roles.includes('user') ? 404 : 403;
            expect(`${method} ${path}: ${status}`).toBe(`${method} ${path}: ${expected}`);
          }
        }
      }
      expect(await snapshot()).toEqual(before);
    });

    it('is in no route outside /admin', async () => {
      const { accessToken } = await signIn(app, people.user);
      expectProblem(await app.as(accessToken).get(`/users/${people.admin.id}`), 404, 'not_found');
    });
  });

  describe('a protected field', () => {
    const fields = {
      role: 'admin',
      id: UNKNOWN_ID,
      isActive: true,
      passwordHash: 'x',
      emailVerifiedAt: '2026-01-15T09:30:00.000Z',
    };

    it.each(Object.entries(fields))('%s gets 400 in every body of a user and changes nothing', async (name, value) => {
      const signedIn = await signIn(app, people.user);
      const snapshot = () => app.database.query('SELECT * FROM users ORDER BY id');
      const before = await snapshot();
      const withBody = operations.filter(
        ({ mediaType, takesList, roles }) => mediaType === 'application/json' && !takesList && roles.includes('user'),
      );
      for (const operation of withBody) {
        // With a valid access token, a sign-out ignores an invalid body.
        const caller = operation.path === '/auth/logout' ? undefined : signedIn;
        const response = await send(operation, caller, { ...operation.exampleBody, [name]: value });
        expectProblem(response, 400, 'validation_failed');
        expect(response.body.errors).toEqual([
          { pointer: `/${name}`, code: 'unknown_field', params: {}, message: 'is not a field of this request' },
        ]);
      }
      expect(withBody.map((operation) => operation.name)).toContain('PATCH /users/me');
      expect(await snapshot()).toEqual(before);
    });
  });
});

/** Routes for OAuth clients have OAuth errors (RFC 6749 §5.2). */
function isAskedForToken({ status, body, headers }: Response): boolean {
  const code = (body.code ?? body.error) as unknown;
  return (
    status === 401 &&
    headers['www-authenticate'] === 'Bearer' &&
    (code === 'token_missing' || code === 'invalid_client')
  );
}
