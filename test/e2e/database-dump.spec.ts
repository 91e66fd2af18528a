import { isRecoveryCode, normalizeRecoveryCode } from '../../src/auth/factors/factor-codes.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { challengeFor, enrollTotp } from '../support/factors.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const PASSWORD = 'seven lanterns at dusk';
const NEW_PASSWORD = 'nine candles before dawn';
const CONCURRENT_REQUESTS = 20;

type Answer = PromiseLike<{ status: number }>;

describe('a database dump', () => {
  let app: TestApp;
  let ada: SignedIn;
  let dump: readonly string[];
  let totpSecret: string;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await buildSignedIn(app);
    await signIn(app, ada, 'another device');
    await app.request.post('/auth/password/forgot').send({ email: ada.email }).expect(202);
    for (const purpose of ['email_verification', 'not_me'] as const) await issueToken(app, purpose, ada);
    ({ secret: totpSecret } = await enrollTotp(app, ada));
    await challengeFor(app, ada);
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    await app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD }).expect(204);
    dump = await readAll(app);
  });
  afterAll(() => app.close());

  /** How to use a secret, and how to get a valid one of a user who is not in the dump. */
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
      'a password reset token',
      (token) => app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD }),
      (bea) => issueToken(app, 'password_reset', bea),
    ],
    [
      'an email verification token',
      (token) => app.request.post('/auth/email/verify').send({ token }),
      (bea) => issueToken(app, 'email_verification', bea),
    ],
    [
      'a not-me token',
      (token) => app.request.post('/auth/not-me').send({ token }),
      (bea) => issueToken(app, 'not_me', bea),
    ],
    [
      'a recovery code',
      async (recoveryCode, email) => {
        // Other texts are rejected before the challenge is read.
        const isPossible = isRecoveryCode(normalizeRecoveryCode(recoveryCode));
        const challenge = isPossible ? await challengeFor(app, { email, password: PASSWORD, id: '' }) : 'unused';
        return app.request.post('/auth/login/factor').set('User-Agent', '').send({ challenge, recoveryCode });
      },
      async (bea) => (await enrollTotp(app, bea)).recoveryCodes[0] ?? '',
    ],
    [
      'a password',
      (password, email) => app.request.post('/auth/login').send({ email, password }),
      (bea) => Promise.resolve(bea.password),
    ],
  ];

  it('contains no readable secret of an authenticator app', () => {
    expect(totpSecret).toMatch(/^[A-Z2-7]{32}$/);
    expect(dump.filter((text) => text.includes(totpSecret))).toEqual([]);
  });

  it.each(secrets)('contains no value that works as %s', async (_, attempt, genuine) => {
    // The dump has sessions, sealed mails and one-time tokens of all purposes in several encodings.
    expect(dump.length).toBeGreaterThan(50);
    const statuses = new Set<number>();
    for (let from = 0; from < dump.length; from += CONCURRENT_REQUESTS) {
      const sent = dump.slice(from, from + CONCURRENT_REQUESTS).map((secret) => attempt(secret, ada.email));
      for (const { status } of await Promise.all(sent)) statuses.add(status);
    }
    expect([...statuses].filter((status) => ![400, 401, 422].includes(status))).toEqual([]);
    const bea = await buildSignedIn(app);
    // A valid secret works, so the requests themselves are valid.
    const { status } = await attempt(await genuine(bea), bea.email);
    expect([200, 202, 204]).toContain(status);
  });
});

/** Returns all values of all tables, with bytes in all encodings that a client could send. */
async function readAll({ database }: TestApp): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const values = new Set<string>();
  for (const { name } of tables) {
    for (const row of await database.query(`SELECT * FROM ${name}`)) {
      for (const text of Object.values(row).flatMap(encodings)) values.add(text);
    }
  }
  return [...values];
}

function encodings(value: unknown): string[] {
  if (Buffer.isBuffer(value))
    return (['base64url', 'base64', 'hex', 'latin1'] as const).map((encoding) => value.toString(encoding));
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}

/** Removes the characters that a header cannot contain. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '');
}
