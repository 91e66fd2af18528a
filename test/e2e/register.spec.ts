import { createHash } from 'node:crypto';
import { buildUser } from '../support/builders.js';
import { UNKNOWN_ID, UUID_V7 } from '../support/constants.js';
import { TestApp } from '../support/test-app.js';

const UTC_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const password = 'seven lanterns at dusk';
const OWN = 'is too similar to your email, your name or the name of this product';

/** Returns an unguessable password of this length. */
const ascii = (length: number) =>
  String.fromCharCode(
    ...createHash('shake256', { outputLength: length })
      .update('x')
      .digest()
      .map((byte) => 33 + (byte % 94)),
  );
const animals = (length: number) => String.fromCodePoint(...Array.from({ length }, (_, i) => 0x1f400 + i));

const INVALID_EMAILS = [
  ...['', 'ada', '@example.com', 'ada@', 'ada@example', 'a b@example.com', 'a@b@example.com', 'Ada <ada@example.com>'],
  ...['ada@example.com, eve@example.com', `${'a'.repeat(64)}@${'b'.repeat(186)}.example.com`],
  ...['ada\u0000@example.com', 'ada\n@example.com', '\ud800@example.com'],
  ...['ada@exam\u200bple.com', 'ada@xn--a.com', 'ada@example.\uff11\uff12', 'ada@exä mple.com', 'ada@example.com..'],
  ...['"ada\nlovelace"@example.com', '"ada\u0001"@example.com', 'ada\u202e@example.com', 'ada\u200b@example.com'],
  ...[null, undefined, 1, true, {}, ['ada@example.com']].map((value) => [value]),
];

describe('POST /auth/register', () => {
  let app: TestApp;
  let counter = 0;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  const newEmail = () => `new-${++counter}@example.com`;
  const register = (body: object) => app.request.post('/auth/register').send(body);
  const login = (email: string, attempt: string) => app.request.post('/auth/login').send({ email, password: attempt });
  const countUsers = async () =>
    (await app.database.query<{ n: number }>('SELECT count(*)::int AS n FROM users'))[0]?.n;

  it('returns 201 and the new user with exactly the documented fields', async () => {
    const email = newEmail();
    const { body, headers } = await register({ email, password, name: 'Ada' }).expect(201);
    expect(headers['location']).toBe('/users/me');
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7),
      email,
      name: 'Ada',
      role: 'user',
      isActive: true,
      hasSecondFactor: false,
      emailVerifiedAt: null,
      createdAt: expect.stringMatching(UTC_MILLISECONDS),
      updatedAt: expect.stringMatching(UTC_MILLISECONDS),
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each([undefined, null])('accepts a name that is %s as no name', async (name) => {
    const { body } = await register({ email: newEmail(), password, name }).expect(201);
    expect(body.name).toBeNull();
  });

  it('creates no session', async () => {
    const { body } = await register({ email: newEmail(), password }).expect(201);
    const sessions = await app.database.query('SELECT FROM sessions WHERE user_id = $1', [body.id]);
    expect(sessions).toHaveLength(0);
  });

  it('stores the password only as a hash of the configured cost', async () => {
    const { body } = await register({ email: newEmail(), password }).expect(201);
    const [row] = await app.database.query<{ password_hash: string }>('SELECT * FROM users WHERE id = $1', [body.id]);
    expect(row?.password_hash).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$/);
    expect(JSON.stringify(row)).not.toContain(password);
  });

  describe('email addresses', () => {
    it('are trimmed and lower-cased', async () => {
      const { body } = await register({ email: `  Ada.${++counter}@Example.COM\t`, password }).expect(201);
      expect(body.email).toBe(`ada.${counter}@example.com`);
    });

    it.each([
      ['in upper case', (email: string) => email.toUpperCase()],
      ['with surrounding white space', (email: string) => ` ${email} `],
      ['in the same spelling', (email: string) => email],
    ])('are taken if another account has the same one %s', async (_, variant) => {
      const { email } = await buildUser(app);
      const { body } = await register({ email: variant(email), password }).expect(409);
      expect(body).toMatchObject({ status: 409, code: 'email_taken', instance: '/auth/register' });
    });

    it('are equal in both Unicode forms of a letter', async () => {
      await register({ email: 'jos\u00e9@example.com', password }).expect(201);
      const { body } = await register({ email: 'jose\u0301@example.com', password }).expect(409);
      expect(body.code).toBe('email_taken');
    });

    it.each([
      ['exämple.com', 'xn--exmple-cua.com'],
      ['xn--exmple-cua.org', 'EXA\u0308MPLE.org'],
      ['example.com。', 'example.com'],
      ['ｅｘａｍｐｌｅ.net', 'example.net'],
      ['example.net.', 'example。net'],
    ])('are one account at @%s and @%s', async (one, other) => {
      const [first, second] = [`idn-${++counter}@${one}`, `idn-${counter}@${other}`];
      const { body } = await register({ email: first, password }).expect(201);
      await register({ email: second, password }).expect(409);
      const answers = await Promise.all([login(first, password), login(second, password)]);
      expect(answers.map((answer) => (answer.body as { user: unknown }).user)).toEqual([body, body]);
      expect(body.email).toMatch(/^idn-\d+@(?:xn--exmple-cua|example)\.(?:com|org|net)$/);
    });

    it.each(INVALID_EMAILS)('are rejected with 400 if invalid: %j', async (email) => {
      const { body } = await register({ email, password }).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/email' }] });
    });

    it('registered by 50 concurrent requests create one account', async () => {
      const email = newEmail();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => register({ email: i % 2 ? email : email.toUpperCase(), password })),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array.from({ length: 49 }, () => 409)]);
      expect(await app.database.query('SELECT FROM users WHERE lower(email) = $1', [email])).toHaveLength(1);
    });
  });

  describe('passwords', () => {
    it.each([
      ['8 characters', ascii(8)],
      ['8 characters of four bytes', animals(8)],
      ['64 ASCII characters', ascii(64)],
      ['72 bytes', ascii(72)],
      ['100 characters of four bytes', animals(100)],
      ['128 characters of four bytes', animals(128)],
      ['spaces, quotes and line breaks', ` '"\n\t\\ ;-- `],
      ['128 characters that are 156 in another Unicode form', `${ascii(100)}${'e\u0301'.repeat(28)}`],
    ])('with %s are accepted at registration and sign-in', async (_, chosen) => {
      const email = newEmail();
      await register({ email, password: chosen }).expect(201);
      const { body } = await login(email, chosen).expect(200);
      expect(body.user.email).toBe(email);
    });

    it.each([
      ['no characters', ''],
      ['1,025 characters', ascii(1_025)],
      ['90 kB', ascii(90_000)],
      ['a NUL at the end', 'abcdefgh\0'],
      ['a NUL in the middle', 'abcd\0efgh'],
      ['a lone surrogate', 'abcdefgh\ud800'],
      ['type number', 12_345_678],
      ['type boolean', true],
      ['the value null', null],
      ['type array', ['abcdefgh']],
      ['type object', { length: 8 }],
    ])('with %s are rejected with 400', async (_, chosen) => {
      const { body } = await register({ email: newEmail(), password: chosen }).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/password' }] });
    });

    it.each([
      ['7 characters', ascii(7), 'must have at least 8 characters'],
      ['7 characters of four bytes', animals(7), 'must have at least 8 characters'],
      [
        '7 characters that are 14 in another Unicode form',
        'ÀÉÎÕÜŷẑ'.normalize('NFD'),
        'must have at least 8 characters',
      ],
      ['129 characters', ascii(129), 'must have at most 128 characters'],
      ['129 characters of four bytes', animals(129), 'must have at most 128 characters'],
      ['a very common word', 'Passw0rd', 'is similar to a very common one'],
      ['the user’s name', 'lovelace-1815', OWN],
      ['the product name', 'Gatehouse2026', OWN],
    ])('with %s are rejected with 422 and a reason, without an account', async (_, chosen, message) => {
      const before = await countUsers();
      const { body } = await register({ email: newEmail(), name: 'Ada Lovelace', password: chosen }).expect(422);
      expect(body).toMatchObject({ code: 'password_too_weak', errors: [{ pointer: '/password', message }] });
      expect(await countUsers()).toBe(before);
    });

    it('are compared with the normalized email address', async () => {
      const [email, chosen] = [` Montague-Q${++counter}@Example.com `, `montague-q${counter}@EXAMPLE.com`];
      const { body } = await register({ email, password: chosen }).expect(422);
      expect(body.errors).toEqual([
        { pointer: '/password', code: 'easy_to_guess', params: { reason: 'own_words' }, message: OWN },
      ]);
    });

    it.each([
      ['share their first 72 bytes', `${ascii(72)}a`, `${ascii(72)}b`],
      ['differ in length after 72 common bytes', ascii(72), ascii(73)],
      ['share 72 bytes of four-byte characters', `${animals(18)}a`, `${animals(18)}b`],
      ['differ in the last of 128 characters', `${ascii(127)}a`, `${ascii(127)}b`],
      ['differ after a control character', `${ascii(8)}\u0001a`, `${ascii(8)}\u0001b`],
      ['differ after a character with a zero byte', `${ascii(8)}\u0100a`, `${ascii(8)}\u0100b`],
      ['differ in a trailing space', `${password} `, password],
      ['differ in a leading space', ` ${password}`, password],
      ['differ in case', 'seven lanterns at dusK', password],
      ['differ in width', `${password}a`, `${password}\uff41`],
    ])('that %s are different passwords', async (_, one, other) => {
      const [first, second] = [newEmail(), newEmail()];
      await register({ email: first, password: one }).expect(201);
      await register({ email: second, password: other }).expect(201);
      const attempts = [login(first, one), login(second, other), login(first, other), login(second, one)];
      const answers = await Promise.all(attempts);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401]);
    });
  });

  it.each([
    ['NFC', 'NFD'],
    ['NFD', 'NFC'],
    ['NFKD', 'NFC'],
  ])('accepts a password registered in %s at sign-in in %s', async (one, other) => {
    const [email, chosen] = [newEmail(), 'seven lanterns at café 각'];
    await register({ email, password: chosen.normalize(one) }).expect(201);
    await login(email, chosen.normalize(other)).expect(200);
  });

  it.each([
    ['role', 'admin'],
    ['id', UNKNOWN_ID],
    ['isActive', true],
    ['passwordHash', '$2b$12$abcdefghijklmnopqrstuu'],
    ['emailVerifiedAt', '2026-01-15T09:30:00.000Z'],
    ['constructor', {}],
  ])('rejects the field %s and creates no account', async (field, value) => {
    const before = await countUsers();
    const { body } = await register({ email: newEmail(), password, [field]: value }).expect(400);
    expect(body.code).toBe('validation_failed');
    expect(await countUsers()).toBe(before);
  });

  it('names every invalid field', async () => {
    const { body } = await register({ email: 'ada', password: '', name: 7, age: 8 }).expect(400);
    const pointers = (body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers.sort()).toEqual(['/age', '/email', '/name', '/password']);
  });

  it.each(['null', '[]', '"x"', '1', '{'])('rejects the body %s with 400', async (text) => {
    const { body } = await app.request.post('/auth/register').type('json').send(text).expect(400);
    expect(body.code).toMatch(/^(validation_failed|malformed_body)$/);
  });

  it('requires a body', async () => {
    const { body } = await app.request.post('/auth/register').expect(400);
    expect(body.code).toBe('validation_failed');
  });
});
