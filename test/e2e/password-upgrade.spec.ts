import bcrypt from 'bcrypt';
import { hash } from '../../src/platform/passwords/password-hash.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const password = 'seven lanterns at dusk';

describe('a stored hash that is out of date', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { BCRYPT_COST: '5' } })));
  afterAll(() => app.close());

  /** A user as another system, or an older configuration, left them in the table. */
  const importUser = async (passwordHash: string): Promise<BuiltUser> => {
    const user = await buildUser(app, { password });
    await app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [user.id, passwordHash]);
    return user;
  };
  const storedHash = async ({ id }: BuiltUser) => {
    const [row] = await app.database.query<{ hash: string }>('SELECT password_hash AS hash FROM users WHERE id = $1', [
      id,
    ]);
    return row?.hash ?? '';
  };
  const login = ({ email }: BuiltUser, attempt = password, at = app) =>
    at.request.post('/auth/login').send({ email, password: attempt });

  const plainBcrypt = (prefix: string) => async () => (await bcrypt.hash(password, 4)).replace(/^\$2b/, prefix);
  const outdated: readonly [string, () => Promise<string>][] = [
    ['an older cost', () => Promise.resolve(hash(password, 4))],
    ['plain bcrypt, $2a$', plainBcrypt('$2a')],
    ['plain bcrypt, $2b$', plainBcrypt('$2b')],
    ['plain bcrypt, $2y$', plainBcrypt('$2y')],
  ];

  it.each(outdated)('of %s is replaced at the next good sign-in', async (_, make) => {
    const ada = await importUser(await make());
    await login(ada).expect(200);
    expect(await storedHash(ada)).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=5\$/);
    await login(ada).expect(200);
  });

  it.each(outdated)('of %s is left alone by a wrong password', async (_, make) => {
    const before = await make();
    const ada = await importUser(before);
    await login(ada, 'eight lanterns at dawn').expect(401);
    expect(await storedHash(ada)).toBe(before);
  });

  it.each(outdated)('of %s is replaced while 20 sign-ins at once all succeed', async (_, make) => {
    const ada = await importUser(await make());
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(ada)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await storedHash(ada)).toMatch(/r=5\$/);
  });

  it('is replaced only once: a current one stays as it is', async () => {
    const ada = await buildUser(app, { password });
    const before = await storedHash(ada);
    await login(ada).expect(200);
    expect(await storedHash(ada)).toBe(before);
  });

  it('is left alone for an inactive user', async () => {
    const before = hash(password, 4);
    const ada = await importUser(before);
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
    await login(ada).expect(401);
    expect(await storedHash(ada)).toBe(before);
  });

  it('does not fail a sign-in when instances of two costs take turns at it', async () => {
    const old = await TestApp.start({ database: app.database, env: { BCRYPT_COST: '4' } });
    const ada = await importUser(hash(password, 4));
    const statuses = new Set<number>();
    try {
      for (let round = 0; round < 10; round += 1) {
        const sent = Array.from({ length: 20 }, (_, i) => login(ada, password, i % 2 ? app : old));
        for (const { status } of await Promise.all(sent)) statuses.add(status);
      }
    } finally {
      await old.close();
    }
    expect([...statuses]).toEqual([200]);
  });

  it.each(['', 'x', '!', '$2b$12$short', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', '$2b$99$' + 'a'.repeat(53)])(
    'in no form that is known (%j) signs nobody in, and is no failure of ours',
    async (unknown) => {
      const ada = await importUser(unknown);
      const { body } = await login(ada).expect(401);
      expect(body.code).toBe('invalid_credentials');
    },
  );
});
