import type { Response } from 'supertest';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { NOBODY } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { readOperations, type Operation } from '../support/operations.js';
import { routesOf } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

/** Every route that answers without a token. Whoever opens another one has to write it here. */
const PUBLIC_ROUTES = [
  'POST /auth/register',
  'POST /auth/login',
  'POST /auth/refresh',
  'POST /auth/token',
  'GET /.well-known/jwks.json',
  'POST /auth/password/forgot',
  'POST /auth/password/reset',
  'POST /auth/email/verify',
  'POST /auth/not-me',
  'GET /health/live',
  'GET /health/ready',
  'GET /health/db',
];

describe('authorization', () => {
  let app: TestApp;
  let operations: Operation[];
  let person: BuiltUser;
  let chief: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    operations = await readOperations(app);
    person = await buildUser(app);
    chief = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const pathOf = (operation: Operation, id: string) => operation.path.replace('{id}', id);
  const send = async (
    operation: Operation,
    by?: SignedIn,
    body: unknown = operation.exampleBody,
  ): Promise<Response> => {
    const request = (by ? app.as(by.accessToken) : app.request)[operation.method](pathOf(operation, NOBODY));
    if (operation.mediaType) void request.type(operation.mediaType).send(body as object);
    return request.query(operation.exampleQuery);
  };
  /** What the document does not foresee in an answer, in words; null where it does. */
  const unforeseen = (operation: Operation, { status, body }: Response): string | null => {
    if (!operation.statuses.includes(status)) return `${operation.name} answered ${status}`;
    const codes = operation.codesOf(status);
    const isForeseen = codes.length === 0 || codes.includes(body.code as string);
    return isForeseen ? null : `${operation.name} answered ${status} ${body.code}`;
  };

  it('is asked by every route of the running application, but for the short list of public ones', async () => {
    const open: string[] = [];
    for (const { method, path, name } of routesOf(app)) {
      const response = await app.request[method](path.replaceAll(/\{\w+\}/g, NOBODY));
      if (response.status !== 401 || response.body.code !== 'token_missing') open.push(name);
    }
    expect(open.sort()).toEqual([...PUBLIC_ROUTES].sort());
  });

  describe('every documented route', () => {
    it('answers nobody as the document says: 401 where a token is needed', async () => {
      const faults: (string | null)[] = [];
      for (const operation of operations) {
        const response = await send(operation);
        faults.push(unforeseen(operation, response));
        if (operation.isGuarded) expectProblem(response, 401, 'token_missing');
      }
      expect(faults.filter(Boolean)).toEqual([]);
    });

    it('answers a user as the document says: 403 where it is for admins', async () => {
      const faults: (string | null)[] = [];
      for (const operation of operations) {
        const user = await buildSignedIn(app);
        const response = await send(operation, user);
        faults.push(unforeseen(operation, response));
        expect(`${operation.name}: ${response.status === 403}`).toBe(`${operation.name}: ${operation.isForAdmins}`);
      }
      expect(faults.filter(Boolean)).toEqual([]);
    });

    it('answers an admin as the document says, and never 403', async () => {
      const faults: (string | null)[] = [];
      for (const operation of operations) {
        const response = await send(operation, await buildSignedIn(app, 'admin'));
        faults.push(unforeseen(operation, response));
        expect([operation.name, response.status]).not.toEqual([operation.name, 403]);
      }
      expect(faults.filter(Boolean)).toEqual([]);
    });

    it.each<[string, unknown]>([
      ['an empty object', {}],
      ['unknown fields only', { nobody: 'knows' }],
      ['a list', []],
      ['broken JSON', '{"'],
    ])('answers an admin who sends %s as the document says', async (_, body) => {
      const faults: (string | null)[] = [];
      for (const operation of operations.filter((candidate) => candidate.exampleBody)) {
        faults.push(unforeseen(operation, await send(operation, await buildSignedIn(app, 'admin'), body)));
      }
      expect(faults.filter(Boolean)).toEqual([]);
    });

    it('asks for the role before it looks at what was sent', async () => {
      const user = await signIn(app, person);
      for (const operation of operations.filter((candidate) => candidate.isForAdmins)) {
        const path = pathOf(operation, 'no-id');
        const response = await app.as(user.accessToken)[operation.method](path).send({ nobody: 'knows' });
        expectProblem(response, 403, 'forbidden');
      }
    });
  });

  describe('the id of someone else’s', () => {
    it('is 403 or 404 with every verb, on every route that takes an id, and changes nothing', async () => {
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
            const { status } = await (operation?.exampleBody ? request.send(operation.exampleBody) : request);
            const expected = !operation ? 405 : operation.isForAdmins ? 403 : 404;
            expect(`${method} ${path}: ${status}`).toBe(`${method} ${path}: ${expected}`);
          }
        }
      }
      expect(await snapshot()).toEqual(before);
    });

    it('has no route outside /admin that shows a user by id', async () => {
      const eve = await signIn(app, person);
      expectProblem(await app.as(eve.accessToken).get(`/users/${chief.id}`), 404, 'not_found');
    });
  });

  describe('a field that only the house may set', () => {
    const fields = {
      role: 'admin',
      id: NOBODY,
      isActive: true,
      passwordHash: 'x',
      emailVerifiedAt: '2026-01-15T09:30:00.000Z',
    };

    it.each(Object.entries(fields))(
      '%s is 400 in every body of one who is no admin, and changes nothing',
      async (name, value) => {
        const user = await signIn(app, person);
        const snapshot = () => app.database.query('SELECT * FROM users ORDER BY id');
        const before = await snapshot();
        const withBody = operations.filter(
          ({ mediaType, isForAdmins }) => mediaType === 'application/json' && !isForAdmins,
        );
        for (const operation of withBody) {
          const response = await send(operation, user, { ...operation.exampleBody, [name]: value });
          expectProblem(response, 400, 'validation_failed');
          expect(response.body.errors).toEqual([{ pointer: `/${name}`, message: 'is not a field of this request' }]);
        }
        expect(withBody.map((operation) => operation.name)).toContain('PATCH /users/me');
        expect(await snapshot()).toEqual(before);
      },
    );
  });
});
