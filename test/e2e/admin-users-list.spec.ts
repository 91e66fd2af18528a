import { buildSignedIn, buildUser, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { walkPages } from '../support/walk-pages.js';

describe('GET /admin/users', () => {
  let app: TestApp;
  let admin: SignedIn;
  const users: BuiltUser[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
    for (let i = 0; i < 24; i++) users.push(await buildUser(app));
  });
  afterAll(() => app.close());

  const list = (query: object) => app.as(admin.accessToken).get('/admin/users').query(query);
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

  it.each(['exämple', '@EXÄMPLE.com。', 'jörg@exämple.com', 'jörg@', 'xn--exmple'])(
    'finds an email of an internationalized domain by %s',
    async (search) => {
      const email = 'jörg@xn--exmple-cua.com';
      const { id } = await buildUser(app, { email });
      const { body } = await list({ search }).expect(200);
      await app.database.query('DELETE FROM users WHERE id = $1', [id]);
      expect((body.items as { email: string }[]).map((user) => user.email)).toEqual([email]);
    },
  );

  describe('pages', () => {
    it('contain 20 users by default, newest first', async () => {
      const { body } = await list({}).expect(200);
      expect(Object.keys(body)).toEqual(['items', 'nextCursor']);
      expect(idsOf(body.items)).toEqual(idsOf(users).reverse().slice(0, 20));
      const { body: self } = await app.as(admin.accessToken).get('/users/me');
      const { items } = await walkPages(app, admin.accessToken, '/admin/users', { limit: 100 });
      expect(items.at(-1)).toEqual({ ...self, isInvited: false });
    });

    it('end with a null cursor even if the last page is full', async () => {
      const all = [...idsOf(users).reverse(), admin.id];
      const { items, pages } = await walkPages(app, admin.accessToken, '/admin/users', { limit: 5 });
      expect(idsOf(items)).toEqual(all);
      expect(pages).toEqual([5, 5, 5, 5, 5]);
    });

    it('contain every user exactly once with a limit of 1', async () => {
      const { items } = await walkPages(app, admin.accessToken, '/admin/users', { limit: 1 });
      expect(idsOf(items)).toEqual([...idsOf(users).reverse(), admin.id]);
    });

    it('contain every user exactly once while users are inserted', async () => {
      const before = [...idsOf(users).reverse(), admin.id];
      const inserted: BuiltUser[] = [];
      const { items } = await walkPages(app, admin.accessToken, '/admin/users', { limit: 3 }, async () => {
        inserted.push(await buildUser(app), await buildUser(app));
      });
      await app.database.query('DELETE FROM users WHERE id = ANY($1)', [idsOf(inserted)]);
      expect(idsOf(items)).toEqual(before);
    });

    it('skip no user if the user at the cursor is deleted', async () => {
      const deleted = [await buildUser(app), await buildUser(app), await buildUser(app)];
      const { body: first } = await list({ limit: 2 }).expect(200);
      await app.database.query('DELETE FROM users WHERE id = ANY($1)', [idsOf(deleted)]);
      const { body: second } = await list({ limit: 2, cursor: first.nextCursor }).expect(200);
      expect(idsOf(second.items)).toEqual(idsOf(users).reverse().slice(0, 2));
    });

    it.each(['0', '101', '-1', '1.5', '1e1', '0x10', '+5', ' 5', 'ten', '', 'NaN', '9'.repeat(400)])(
      'reject %j as the limit',
      async (limit) => {
        const response = await list({ limit });
        expectProblem(response, 400, 'validation_failed');
        expect(response.body.errors[0].pointer).toBe('/limit');
      },
    );

    it.each([
      '',
      'x',
      '1',
      "' OR 1=1 --",
      'AZ1yLwMTdK6d',
      'AZ1yLwMTdK6dL1pPexyOYA==',
      '!'.repeat(22),
      'A'.repeat(5_000),
    ])('reject %j as the cursor', async (cursor) => {
      const response = await list({ cursor });
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors[0].pointer).toBe('/cursor');
    });

    it.each([
      'limit=1&limit=2',
      'cursor=a&cursor=b',
      'limit[]=1',
      'limit[gt]=1',
      'page=2',
      'offset=1',
      'role=admin&role=user',
    ])('reject ?%s', async (query) => {
      expectProblem(await app.as(admin.accessToken).get(`/admin/users?${query}`), 400, 'validation_failed');
    });
  });

  describe('filters', () => {
    it('select admins or users', async () => {
      const { body: admins } = await list({ role: 'admin' }).expect(200);
      expect(idsOf(admins.items)).toEqual([admin.id]);
      const { body: others } = await list({ role: 'user', limit: 100 }).expect(200);
      expect(idsOf(others.items)).toEqual(idsOf(users).reverse());
    });

    it('select active or inactive users', async () => {
      const inactive = users.slice(3, 5);
      await app.database.query('UPDATE users SET is_active = false WHERE id = ANY($1)', [idsOf(inactive)]);
      const { body: off } = await list({ isActive: 'false' }).expect(200);
      const { body: on } = await list({ isActive: 'true', limit: 100 }).expect(200);
      await app.database.query('UPDATE users SET is_active = true');
      expect(idsOf(off.items)).toEqual(idsOf(inactive).reverse());
      expect(on.items).toHaveLength(users.length - 1);
    });

    it('apply to every page', async () => {
      const { items } = await walkPages(app, admin.accessToken, '/admin/users', { role: 'user', limit: 7 });
      expect(idsOf(items)).toEqual(idsOf(users).reverse());
    });

    it.each([
      { role: 'Admin' },
      { role: '' },
      { isActive: 'yes' },
      { isActive: '1' },
      { isActive: 'TRUE' },
      { isActive: '' },
      { search: '' },
      { search: 'a'.repeat(101) },
    ])('reject %j', async (query) => {
      expectProblem(await list(query), 400, 'validation_failed');
    });
  });
});

describe('GET /admin/users?search', () => {
  let app: TestApp;
  let admin: SignedIn;
  const names = ['100 % wool', 'snake_case', 'back\\slash', "O'Brien", 'Émile Ångström', 'plain', '%', 'two  spaces'];

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
    for (const name of names) await buildUser(app, { name });
    await buildUser(app, { email: 'grace.hopper@navy.example' });
  });
  afterAll(() => app.close());

  const found = async (query: object) => {
    const { body } = await app.as(admin.accessToken).get('/admin/users').query(query).expect(200);
    return (body.items as { name: string | null; email: string }[]).map(({ name, email }) => name ?? email).sort();
  };

  it.each<[string, string[]]>([
    ['%', ['%', '100 % wool']],
    ['%%', []],
    ['100 %', ['100 % wool']],
    ['_', ['snake_case']],
    ['e_c', ['snake_case']],
    ['\\', ['back\\slash']],
    ['\\\\', []],
    ['\\%', []],
    ['k\\s', ['back\\slash']],
    ["'", ["O'Brien"]],
    ["' OR '1'='1", []],
    ['  ', ['two  spaces']],
  ])('takes %j literally', async (search, expected) => {
    expect(await found({ search })).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['PLAIN', ['plain']],
    ["o'bRIEN", ["O'Brien"]],
    ['émile ångström', ['Émile Ångström']],
    ['ÉMILE', ['Émile Ångström']],
    ['GRACE.Hopper@', ['grace.hopper@navy.example']],
    ['navy.ex', ['grace.hopper@navy.example']],
  ])('finds %j anywhere in the name or email, in any case', async (search, expected) => {
    expect(await found({ search })).toEqual(expected);
  });

  it('combines with the other filters', async () => {
    expect(await found({ search: 'plain', role: 'admin' })).toEqual([]);
    expect(await found({ search: 'plain', role: 'user', isActive: 'true' })).toEqual(['plain']);
  });
});
