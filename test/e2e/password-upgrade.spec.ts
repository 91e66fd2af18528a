import bcrypt from 'bcrypt';
import { hash } from '../../src/platform/passwords/password-hash.js';
import { beforeHashing } from '../support/before-hashing.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const password = 'seven lanterns at dusk';

describe('the password hash upgrade', () => {
  let app: TestApp;
  let old: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { BCRYPT_COST: '5' } });
    old = await TestApp.start({ database: app.database, env: { BCRYPT_COST: '4' } });
  });
  afterAll(() => app.close());
  afterEach(() => jest.restoreAllMocks());

  const setHash = ({ id }: BuiltUser, passwordHash: string) =>
    app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [id, passwordHash]);
  /** Creates a user with a hash from another system or an older configuration. */
  const importUser = async (passwordHash: string): Promise<BuiltUser> => {
    const user = await buildUser(app, { password });
    await setHash(user, passwordHash);
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
    ['a hash with an older cost', () => Promise.resolve(hash(password, 4))],
    ['a plain bcrypt hash ($2a$)', plainBcrypt('$2a')],
    ['a plain bcrypt hash ($2b$)', plainBcrypt('$2b')],
    ['a plain bcrypt hash ($2y$)', plainBcrypt('$2y')],
  ];

  it.each(outdated)('replaces %s at the next successful sign-in', async (_, make) => {
    const ada = await importUser(await make());
    await login(ada).expect(200);
    expect(await storedHash(ada)).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=5\$/);
    await login(ada).expect(200);
  });

  it.each(outdated)('keeps %s after a wrong password', async (_, make) => {
    const before = await make();
    const ada = await importUser(before);
    await login(ada, 'eight lanterns at dawn').expect(401);
    expect(await storedHash(ada)).toBe(before);
  });

  it.each(outdated)('replaces %s while 20 concurrent sign-ins succeed', async (_, make) => {
    const ada = await importUser(await make());
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(ada)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await storedHash(ada)).toMatch(/r=5\$/);
  });

  it('replaces the hash of a password in another Unicode form', async () => {
    const [typed, normalized] = ['NFD', 'NFC'].map((form) => 'seven lanterns at café'.normalize(form));
    const ada = await importUser(hash(String(typed), 5));
    await login(ada, normalized).expect(401);
    await login(ada, typed).expect(200);
    await login(ada, normalized).expect(200);
    await login(ada, typed).expect(200);
  });

  it('keeps a current hash', async () => {
    const ada = await buildUser(app, { password });
    const before = await storedHash(ada);
    await login(ada).expect(200);
    expect(await storedHash(ada)).toBe(before);
  });

  it('keeps the hash of an inactive user', async () => {
    const before = hash(password, 4);
    const ada = await importUser(before);
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
    await login(ada).expect(401);
    expect(await storedHash(ada)).toBe(before);
  });

  it.each(['verify', 'hash'] as const)(
    'does not fail if another instance replaces the hash before %s',
    async (method) => {
      const ada = method === 'hash' ? await importUser(hash(password, 6)) : await buildUser(app, { password });
      beforeHashing(app, method, () => login(ada, password, old).expect(200));
      await login(ada).expect(200);
      expect(await storedHash(ada)).toMatch(/r=5\$/);
    },
  );

  it('does not overwrite a password that changes during the sign-in', async () => {
    const ada = await importUser(hash(password, 4));
    const changed = hash('nine candles before dawn', 5);
    beforeHashing(app, 'hash', () => setHash(ada, changed));
    await login(ada).expect(401);
    expect(await storedHash(ada)).toBe(changed);
  });

  it.each(['', 'x', '!', '$2b$12$short', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', '$2b$99$' + 'a'.repeat(53)])(
    'treats a hash of unknown format as a wrong password: %j',
    async (unknown) => {
      const ada = await importUser(unknown);
      const { body } = await login(ada).expect(401);
      expect(body.code).toBe('invalid_credentials');
    },
  );
});
