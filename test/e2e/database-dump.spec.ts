import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';
/** How many requests are under way at once. */
const PARALLEL = 20;

type Answer = PromiseLike<{ status: number }>;

describe('a database dump', () => {
  let app: TestApp;
  let ada: SignedIn;
  let dump: readonly string[];

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await buildSignedIn(app);
    await signIn(app, ada, 'another device');
    await app.request.post('/auth/password/forgot').send({ email: ada.email }).expect(202);
    for (const purpose of ['email_verification', 'not_me'] as const) await issueToken(app, purpose, ada);
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    await app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD }).expect(204);
    dump = await readAll(app);
  });
  afterAll(() => app.close());

  /** What a secret opens, and a genuine one of someone who came after the dump. */
  const secrets: readonly [string, (secret: string, email: string) => Answer, (bea: SignedIn) => Promise<string>][] = [
    [
      'an access token',
      (secret) => app.request.get('/users/me').set('Authorization', `Bearer ${headerText(secret)}`),
      (bea) => Promise.resolve(bea.accessToken),
    ],
    [
      'a refresh token',
      (refreshToken) => app.request.post('/auth/refresh').send({ refreshToken }),
      (bea) => Promise.resolve(bea.refreshToken),
    ],
    [
      'a token for a new password',
      (token) => app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD }),
      (bea) => issueToken(app, 'password_reset', bea),
    ],
    [
      'a token to verify an address',
      (token) => app.request.post('/auth/email/verify').send({ token }),
      (bea) => issueToken(app, 'email_verification', bea),
    ],
    [
      'a token to say: this was not me',
      (token) => app.request.post('/auth/not-me').send({ token }),
      (bea) => issueToken(app, 'not_me', bea),
    ],
    [
      'a password',
      (password, email) => app.request.post('/auth/login').send({ email, password }),
      (bea) => Promise.resolve(bea.password),
    ],
  ];

  it.each(secrets)('signs no one in: nothing in it is %s', async (_, attempt, genuine) => {
    // Sessions, sealed mails and tokens of all three purposes, in several spellings.
    expect(dump.length).toBeGreaterThan(50);
    const statuses = new Set<number>();
    for (let from = 0; from < dump.length; from += PARALLEL) {
      const sent = dump.slice(from, from + PARALLEL).map((secret) => attempt(secret, ada.email));
      for (const { status } of await Promise.all(sent)) statuses.add(status);
    }
    expect([...statuses].filter((status) => ![400, 401, 422].includes(status))).toEqual([]);
    const bea = await buildSignedIn(app);
    const { status } = await attempt(await genuine(bea), bea.email);
    expect([200, 202, 204]).toContain(status);
  });
});

/** Everything that stands in any column of any table, bytes in every spelling in which a secret could be sent. */
async function readAll({ database }: TestApp): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const values = new Set<string>();
  for (const { name } of tables) {
    for (const row of await database.query(`SELECT * FROM ${name}`)) {
      for (const text of Object.values(row).flatMap(spellings)) values.add(text);
    }
  }
  return [...values];
}

function spellings(value: unknown): string[] {
  if (Buffer.isBuffer(value))
    return (['base64url', 'base64', 'hex', 'latin1'] as const).map((as) => value.toString(as));
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}

/** What can stand in a header; the rest could not even be sent. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '');
}
