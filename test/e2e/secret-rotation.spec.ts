import { KeyRing } from '../../src/auth/tokens/key-ring.js';
import { buildKey, buildSignedIn, buildUser, signIn } from '../support/builders.js';
import { decodeToken, forgeToken } from '../support/forge-token.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const NEW_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';
const OTHER_SECRET = 'pT5mKq8WdV1xZc7RbN2hLs9GyJe4FuAo';
const renewedEnv = { JWT_SECRET: NEW_SECRET, JWT_PREVIOUS_SECRETS: `${OTHER_SECRET}, ${TEST_SECRET}` };

describe('changing the token settings', () => {
  let database: TestDatabase;
  const running = new Map<string, TestApp>();
  beforeAll(async () => (database = await TestDatabase.create()));
  afterAll(async () => {
    for (const app of running.values()) await app.close();
    await database.drop();
  });

  /** Returns the instance with this environment, which all tests share. */
  const start = async (env: Readonly<Record<string, string>> = {}) => {
    const key = JSON.stringify(env);
    const app = running.get(key) ?? (await TestApp.start({ database, env }));
    running.set(key, app);
    return app;
  };

  it('keeps access tokens of a previous secret valid', async () => {
    const ada = await buildSignedIn(await start());
    const renewed = await start(renewedEnv);
    const { body } = await renewed.as(ada.accessToken).get('/users/me').expect(200);
    expect(body.id).toBe(ada.id);
  });

  it('signs new tokens with the new secret and names it in kid', async () => {
    const before = await start();
    const renewed = await start(renewedEnv);
    const ada = await buildSignedIn(renewed);
    expect(decodeToken(ada.accessToken).header['kid']).toBe(renewed.app.get(KeyRing).current.id);
    expect(decodeToken(ada.accessToken).header['kid']).not.toBe(before.app.get(KeyRing).current.id);
    await renewed.as(ada.accessToken).get('/users/me').expect(200);
  });

  it('invalidates new tokens on an instance without the new secret', async () => {
    const ada = await buildSignedIn(await start(renewedEnv));
    const { body } = await (await start()).as(ada.accessToken).get('/users/me').expect(401);
    expect(body.code).toBe('token_invalid');
  });

  it('invalidates access tokens of a secret that is no longer configured', async () => {
    const ada = await buildSignedIn(await start());
    const forgetful = await start({ JWT_SECRET: NEW_SECRET, JWT_PREVIOUS_SECRETS: OTHER_SECRET });
    const { body } = await forgetful.as(ada.accessToken).get('/users/me').expect(401);
    expect(body.code).toBe('token_invalid');
  });

  it('invalidates a token with the kid of another secret', async () => {
    const ada = await buildSignedIn(await start());
    const renewed = await start(renewedEnv);
    const token = forgeToken(ada.accessToken, { header: { kid: renewed.app.get(KeyRing).current.id } });
    const { body } = await renewed.as(token).get('/users/me').expect(401);
    expect(body.code).toBe('token_invalid');
  });

  it('keeps refresh tokens of a previous secret and their successors valid', async () => {
    const ada = await buildSignedIn(await start());
    const renewed = await start(renewedEnv);
    const next = await renewed.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(200);
    const { refreshToken } = next.body;
    const { body } = await renewed.request.post('/auth/refresh').send({ refreshToken }).expect(200);
    expect(body.sessionId).toBe(ada.sessionId);
  });

  it('rejects refresh tokens without the previous secret, but revokes no session', async () => {
    const ada = await buildSignedIn(await start());
    const forgetful = await start({ JWT_SECRET: NEW_SECRET });
    const { refreshToken } = ada;
    const { body } = await forgetful.request.post('/auth/refresh').send({ refreshToken }).expect(401);
    expect(body.code).toBe('refresh_token_invalid');
    await (await start()).request.post('/auth/refresh').send({ refreshToken }).expect(200);
  });

  it('does not affect refresh tokens and API keys if REFRESH_SECRET is set', async () => {
    const own = { REFRESH_SECRET: OTHER_SECRET };
    const before = await start(own);
    const ada = await buildSignedIn(before);
    const { key } = await buildKey(before, ada);
    const renewed = await start({ ...own, JWT_SECRET: NEW_SECRET });
    await renewed.as(key).get('/users/me').expect(200);
    const { refreshToken } = ada;
    const { body } = await renewed.request.post('/auth/refresh').send({ refreshToken }).expect(200);
    expect(body.sessionId).toBe(ada.sessionId);
  });

  it.each([
    ['issuer', { JWT_ISSUER: 'https://id.example.com' }, 'iss'],
    ['audience', { JWT_AUDIENCE: 'another product' }, 'aud'],
  ])('invalidates tokens with the previous %s and issues tokens with the new one', async (_, env, claim) => {
    const before = await start();
    const user = await buildUser(before);
    const old = await signIn(before, user);
    const after = await start(env);
    const { body } = await after.as(old.accessToken).get('/users/me').expect(401);
    expect(body.code).toBe('token_invalid');
    const { accessToken } = await signIn(after, user);
    expect(Object.values(env)).toEqual([decodeToken(accessToken).claims[claim]]);
    await after.as(accessToken).get('/users/me').expect(200);
  });
});
