import type { Response } from 'supertest';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { readOperations, type Operation } from '../support/openapi.js';
import { TestApp } from '../support/test-app.js';

const NOBODY = '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60';

/** Every route that answers without a token. Whoever opens another one has to write it here. */
const PUBLIC_ROUTES = [
  'POST /auth/register',
  'POST /auth/login',
  'POST /auth/refresh',
  'POST /auth/token',
  'GET /health/live',
  'GET /health/ready',
  'GET /health/db',
];

/** The explorer and its document, which are no controllers. */
const DOCUMENT_ROUTES = /^GET \/(docs(\/.*)?|openapi\.json)$/;

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
  const send = async (operation: Operation, by?: SignedIn, body: unknown = operation.body): Promise<Response> => {
    const request = (by ? app.as(by.accessToken) : app.request)[operation.method](pathOf(operation, NOBODY));
    if (operation.contentType) void request.type(operation.contentType).send(body as object);
    return request.query(operation.query);
  };
  /** What the document does not foresee in an answer, in words; null where it does. */
  const unforeseen = (operation: Operation, { status, body }: Response): string | null => {
    if (!operation.statuses.includes(status)) return `${operation.name} answered ${status}`;
    const codes = operation.codesOf(status);
    const isForeseen = codes.length === 0 || codes.includes(body.code as string);
    return isForeseen ? null : `${operation.name} answered ${status} ${body.code}`;
  };

  describe('a walk over every route of the running application', () => {
    interface Layer {
      readonly route?: { readonly path: string | string[]; readonly methods: Readonly<Record<string, boolean>> };
    }
    const routes = () => {
      const { stack } = app.app.getHttpAdapter().getInstance().router as unknown as { stack: Layer[] };
      return stack.flatMap(({ route }) =>
        route
          ? [route.path]
              .flat()
              .flatMap((path) => Object.keys(route.methods).map((m) => [m.toUpperCase(), path] as const))
          : [],
      );
    };

    it('finds none that answers without a token, but for the short list of public ones', async () => {
      const open: string[] = [];
      for (const [method, path] of routes()) {
        const name = `${method} ${path}`;
        if (DOCUMENT_ROUTES.test(name)) continue;
        const verb = method.toLowerCase() as Operation['method'];
        const response = await app.request[verb](path.replaceAll(/:\w+/g, NOBODY));
        if (response.status !== 401 || response.body.code !== 'token_missing') open.push(name);
      }
      expect(open.sort()).toEqual([...PUBLIC_ROUTES].sort());
    });

    it('finds every one in the OpenAPI document, and no other there', () => {
      const served = routes()
        .map(([method, path]) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
        .filter((name) => !DOCUMENT_ROUTES.test(name));
      expect(operations.map((operation) => operation.name).sort()).toEqual(served.sort());
    });

    it('finds the public ones open in the document too, and all others with their scheme', () => {
      const open = operations.filter((operation) => !operation.isGuarded);
      expect(open.map((operation) => operation.name).sort()).toEqual([...PUBLIC_ROUTES].sort());
    });

    it('finds everything under /admin for admins only, and nothing else', () => {
      const forAdmins = operations.filter((operation) => operation.isForAdmins);
      expect(forAdmins).toEqual(operations.filter((operation) => operation.path.startsWith('/admin/')));
      expect(forAdmins.length).toBeGreaterThanOrEqual(9);
    });
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
      for (const operation of operations.filter((candidate) => candidate.body)) {
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
            const { status } = await (operation?.body ? request.send(operation.body) : request);
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
          ({ contentType, isForAdmins }) => contentType === 'application/json' && !isForAdmins,
        );
        for (const operation of withBody) {
          const response = await send(operation, user, { ...operation.body, [name]: value });
          expectProblem(response, 400, 'validation_failed');
          expect(response.body.errors).toEqual([{ pointer: `/${name}`, message: 'is not a field of this request' }]);
        }
        expect(withBody.map((operation) => operation.name)).toContain('PATCH /users/me');
        expect(await snapshot()).toEqual(before);
      },
    );
  });

  describe('no way round the guards', () => {
    it.each([
      '/%61dmin/users',
      '/admin%2fusers',
      '//admin/users',
      '/admin//users',
      '/ADMIN/users',
      '/Admin/Users',
      '/admin/users/',
      '/health/live/..%2f..%2fadmin/users',
      '/admin/users;x',
      '/admin/users%00',
      '/admin/users?role=admin',
    ])('leads by %s', async (path) => {
      const user = await signIn(app, person);
      for (const request of [app.request.get(path), app.as(user.accessToken).get(path)]) {
        const { status, body } = await request;
        expect([400, 401, 403, 404]).toContain(status);
        expect(body).not.toHaveProperty('items');
      }
    });

    it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('leads by %s', async (header) => {
      const user = await signIn(app, person);
      expect((await app.as(user.accessToken).get('/users/me').set(header, 'DELETE')).status).toBe(200);
      expect((await app.as(user.accessToken).post('/auth/logout').set(header, 'GET')).status).toBe(204);
    });

    it.each(['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix'])('leads by %s', async (header) => {
      const user = await signIn(app, person);
      const { body } = await app.as(user.accessToken).get('/users/me').set(header, '/admin/users').expect(200);
      expect(body.id).toBe(person.id);
    });

    it('leads by a HEAD request', async () => {
      const user = await signIn(app, person);
      expect((await app.request.head('/admin/users')).status).toBe(401);
      expect((await app.as(user.accessToken).head('/admin/users')).status).toBe(403);
    });
  });
});
