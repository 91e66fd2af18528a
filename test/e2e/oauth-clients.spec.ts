import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import type { Response } from 'supertest';
import { Database } from '../../src/platform/database/database.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { buildKey, buildSignedIn, buildUser, type BuiltKey, type SignedIn } from '../support/builders.js';
import { decodeToken } from '../support/forge-token.js';
import { expectProblem } from '../support/expect-problem.js';
import { codeOf, enrollTotp } from '../support/factors.js';
import { TestApp } from '../support/test-app.js';

const ISSUER = new URL('https://accounts.example.com');
const CLIENT = { client_id: 'shop' };
const LONG = 'x'.repeat(90_000);
/** Tokens with the start of their text, which is unique. */
const UNKNOWN_TOKENS = ['x', 'ghk_x', 'a.b.c', '€', ' ', LONG, `ghk_${LONG}`, `e.${LONG}.x`].map(
  (token) => [token.slice(0, 9), token] as const,
);

describe('OAuth clients', () => {
  let app: TestApp;
  let other: TestApp;
  /** Sends the requests for the public URL to the instance, as a proxy does. */
  const fetchFromApp = (url: string, init: object) => fetch(url.replace(ISSUER.origin, app.url), init);
  const me = ({ accessToken }: Pick<SignedIn, 'accessToken'>) =>
    app.request.get('/users/me').set('Authorization', `Bearer ${accessToken}`);

  beforeAll(async () => {
    [app, other] = await TestApp.startTwo({ env: { PUBLIC_URL: ISSUER.origin } });
  });
  afterAll(() => app.close());

  describe('openid-client', () => {
    const discover = (auth?: openid.ClientAuth) =>
      openid.discovery(ISSUER, CLIENT.client_id, undefined, auth ?? openid.None(), {
        algorithm: 'oauth2',
        [openid.customFetch]: fetchFromApp,
      });

    it('discovers the server, signs in, refreshes and revokes', async () => {
      const { email: username, password } = await buildUser(app);
      const config = await discover();
      const first = await openid.genericGrantRequest(config, 'password', { username, password });
      await me({ accessToken: first.access_token }).expect(200);
      const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '');
      await openid.tokenRevocation(config, second.refresh_token ?? '');
      expectProblem(await me({ accessToken: second.access_token }), 401, 'session_revoked');
    });

    it('signs in with a password and a code as `otp`', async () => {
      const person = await buildSignedIn(app);
      const { secret } = await enrollTotp(app, person);
      const { email: username, password } = person;
      const config = await discover();
      const withoutCode = openid.genericGrantRequest(config, 'password', { username, password });
      await expect(withoutCode).rejects.toMatchObject({ error: 'invalid_grant' });
      const tokens = await openid.genericGrantRequest(config, 'password', { username, password, otp: codeOf(secret) });
      await me({ accessToken: tokens.access_token }).expect(200);
    });

    it('gets `invalid_grant` for a wrong password', async () => {
      const { email: username } = await buildUser(app);
      const grant = openid.genericGrantRequest(await discover(), 'password', { username, password: 'wrong password' });
      await expect(grant).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    });
  });

  describe('oauth4webapi', () => {
    const options = { [oauth.customFetch]: fetchFromApp };
    const discover = async () =>
      oauth.processDiscoveryResponse(ISSUER, await oauth.discoveryRequest(ISSUER, { algorithm: 'oauth2', ...options }));

    it('discovers the server, signs in with a password and a code as `otp`, refreshes and revokes', async () => {
      const person = await buildSignedIn(app);
      const { secret } = await enrollTotp(app, person);
      const server = await discover();
      const form = new URLSearchParams({ username: person.email, password: person.password, otp: codeOf(secret) });
      const signedIn = await oauth.processGenericTokenEndpointResponse(
        server,
        CLIENT,
        await oauth.genericTokenEndpointRequest(server, CLIENT, oauth.None(), 'password', form, options),
      );
      const refreshed = await oauth.processRefreshTokenResponse(
        server,
        CLIENT,
        await oauth.refreshTokenGrantRequest(server, CLIENT, oauth.None(), signedIn.refresh_token ?? '', options),
      );
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, CLIENT, oauth.None(), refreshed.access_token, options),
      );
      expectProblem(await me({ accessToken: refreshed.access_token }), 401, 'session_revoked');
    });
  });

  it('discover a server whose JWT_ISSUER is no URL and whose PUBLIC_URL has a path', async () => {
    const env = { PUBLIC_URL: 'https://id.example.com/base', JWT_ISSUER: 'urn:example:gatehouse' };
    const prefixed = await TestApp.start({ database: app.database, env });
    // A proxy must map this URL, because the path of the issuer follows the well-known path (RFC 8414 §3.1).
    const fetchMetadata = (url: string, init: object) =>
      fetch(url.replace('https://id.example.com', prefixed.url).replace(/\/base$/, ''), init);
    const config = await openid.discovery(new URL(env.PUBLIC_URL), CLIENT.client_id, undefined, openid.None(), {
      algorithm: 'oauth2',
      [openid.customFetch]: fetchMetadata,
    });
    expect(config.serverMetadata()).toMatchObject({
      issuer: env.PUBLIC_URL,
      token_endpoint: `${env.PUBLIC_URL}/auth/token`,
      introspection_endpoint: `${env.PUBLIC_URL}/auth/introspect`,
      introspection_endpoint_auth_methods_supported: ['Bearer'],
    });
    await prefixed.close();
  });

  it('are told by the metadata how to authenticate at each endpoint', async () => {
    const { body } = await app.request.get('/.well-known/oauth-authorization-server').expect(200);
    expect(body).toMatchObject({
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint_auth_methods_supported: ['Bearer'],
    });
  });

  describe('POST /auth/revoke', () => {
    const revoke = (token: string, instance = app) =>
      instance.request
        .post('/auth/revoke')
        .type('form')
        .send({ token, token_type_hint: 'whatever', client_id: 'shop' });

    it.each(['accessToken', 'refreshToken'] as const)(
      'revokes the session of an %s on every instance',
      async (kind) => {
        const person = await buildSignedIn(app);
        await revoke(person[kind], other).expect(200);
        expectProblem(await me(person), 401, 'session_revoked');
      },
    );

    it.each(UNKNOWN_TOKENS)('ignores the unknown token %j', async (_, token) => {
      const { status, body } = await revoke(token);
      expect([status, body]).toEqual([200, {}]);
    });

    it('ignores a token with a changed signature', async () => {
      const person = await buildSignedIn(app);
      for (const token of [person.accessToken, person.refreshToken]) {
        await revoke(token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA')).expect(200);
      }
      await me(person).expect(200);
    });
  });

  describe('POST /auth/introspect', () => {
    let admin: SignedIn;
    let key: string;
    const createKey = async (person: SignedIn, json: object) =>
      app.request
        .post('/auth/keys')
        .set('Authorization', `Bearer ${person.accessToken}`)
        .send({ name: 'service', ...json });
    const introspect = (token: string, credentials = key, instance = app) =>
      instance.request
        .post('/auth/introspect')
        .set('Authorization', `Bearer ${credentials}`)
        .type('form')
        .send({ token });
    const expectInactive = async (token: string) => {
      const { status, body } = await introspect(token);
      expect([status, body]).toEqual([200, { active: false }]);
    };

    beforeAll(async () => {
      admin = await buildSignedIn(app, 'admin');
      key = (await createKey(admin, { scopes: ['introspect'] })).body.key as string;
    });

    it('reports the tokens of users who must enroll a second factor as not active', async () => {
      const strict = await TestApp.start({ database: app.database, env: { SECOND_FACTOR_REQUIRED: 'admins' } });
      const [service, person] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      const { key: ofService } = (await createKey(service, { scopes: ['introspect'] })).body as { key: string };
      await enrollTotp(strict, service);
      const isActive = async (token: string) => {
        const { body } = await introspect(token, ofService, strict).expect(200);
        return body.active as boolean;
      };
      expect(
        await Promise.all([admin.accessToken, key, service.accessToken, person.accessToken].map(isActive)),
      ).toEqual([false, false, true, true]);
      const response = await introspect(person.accessToken, key, strict);
      expectOAuthError(response, 403, 'insufficient_scope', 'Bearer error="insufficient_scope"');
      await strict.close();
    });

    it('reports a token with a space before it as not active', async () => {
      const { accessToken } = await buildSignedIn(app);
      await expectInactive(` ${accessToken}`);
    });

    it('describes an access token', async () => {
      const person = await buildSignedIn(app);
      const { claims } = decodeToken(person.accessToken);
      const { body } = await introspect(person.accessToken);
      expect(body).toEqual({
        active: true,
        sub: person.id,
        sid: person.sessionId,
        iss: 'gatehouse',
        exp: claims['exp'],
        token_type: 'Bearer',
        amr: ['pwd'],
        acr: 'urn:gatehouse:acr:one-factor',
        auth_time: expect.any(Number),
      });
    });

    it('describes the latest refresh token of a session only', async () => {
      const person = await buildSignedIn(app);
      expect((await introspect(person.refreshToken)).body).toMatchObject({ active: true, sub: person.id });
      const { body } = await app.request.post('/auth/refresh').send({ refreshToken: person.refreshToken }).expect(200);
      await expectInactive(person.refreshToken);
      expect((await introspect(body.refreshToken)).body).toMatchObject({ active: true, sid: person.sessionId });
      await app.as(body.accessToken).get('/users/me').expect(200);
    });

    it('describes an API key with its scopes', async () => {
      const other = (await createKey(admin, { scopes: ['introspect'] })).body as { id: string; key: string };
      const { body } = await introspect(other.key);
      expect(body).toMatchObject({ active: true, sub: admin.id, sid: other.id, scope: 'introspect' });
      expect(body.exp).toBeGreaterThan(Date.now() / 1_000);
    });

    it('tells how the owner of a key had authenticated when they created it', async () => {
      const { amr, acr, auth_time } = (await introspect(admin.accessToken)).body;
      const { key: other } = (await createKey(admin, {})).body as { key: string };
      expect((await introspect(other)).body).toMatchObject({ amr, acr, auth_time });
      expect(auth_time).toEqual(expect.any(Number));
    });

    it.each(['accessToken', 'refreshToken'] as const)('shows a revocation of an %s on every instance', async (kind) => {
      const person = await buildSignedIn(app);
      await other.as(person.accessToken).post('/auth/logout').expect(204);
      await expectInactive(person[kind]);
    });

    it('shows that a user was deactivated', async () => {
      const person = await buildSignedIn(app);
      await app.as(admin.accessToken).patch(`/admin/users/${person.id}`).send({ isActive: false }).expect(200);
      await expectInactive(person.accessToken);
    });

    it.each(UNKNOWN_TOKENS)('shows the unknown token %j as inactive', async (_, token) => {
      expect((await introspect(token)).body).toEqual({ active: false });
    });

    it('shows a token with a changed signature as inactive', async () => {
      const person = await buildSignedIn(app);
      for (const token of [person.accessToken, person.refreshToken, key]) {
        await expectInactive(token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA'));
      }
    });

    it('rejects users, strangers, and keys without the scope', async () => {
      const { key: plain } = (await createKey(admin, {})).body as { key: string };
      const anonymous = await app.request.post('/auth/introspect').type('form').send({ token: key });
      expectOAuthError(anonymous, 401, 'invalid_client', 'Bearer');
      const withPassword = await app.request
        .post('/auth/introspect')
        .auth('shop', 'x')
        .type('form')
        .send({ token: key });
      expectOAuthError(withPassword, 401, 'invalid_client', 'Bearer');
      for (const credentials of [admin.accessToken, plain]) {
        const challenge = 'Bearer error="insufficient_scope", scope="introspect"';
        expectOAuthError(await introspect(key, credentials), 403, 'insufficient_scope', challenge);
      }
    });

    it('rejects malformed, forged and revoked credentials', async () => {
      const { id, key: revoked } = (await createKey(admin, { scopes: ['introspect'] })).body as BuiltKey;
      await app.as(admin.accessToken).delete(`/sessions/${id}`).expect(204);
      for (const credentials of ['x', 'a.b.c', 'ghk_x', `${key.slice(0, -1)}_`, revoked]) {
        const response = await introspect(key, credentials);
        expectOAuthError(response, 401, 'invalid_token', 'Bearer error="invalid_token"');
      }
    });

    it('responds to an outage with an OAuth error', async () => {
      const database = jest.spyOn(app.app.get(Database), 'runReserved');
      database.mockRejectedValueOnce(new DatabaseUnavailableError());
      const response = await introspect(key);
      expectOAuthError(response, 503, 'temporarily_unavailable');
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
      database.mockRestore();
    });

    it('rejects the key of a user who is no longer an admin', async () => {
      const former = await buildSignedIn(app, 'admin');
      const { key: kept } = (await createKey(former, { scopes: ['introspect'] })).body as { key: string };
      await introspect(key, kept).expect(200);
      await app.as(admin.accessToken).patch(`/admin/users/${former.id}`).send({ role: 'user' }).expect(200);
      expectOAuthError(
        await introspect(key, kept),
        403,
        'insufficient_scope',
        'Bearer error="insufficient_scope", scope="introspect"',
      );
    });

    it('works with openid-client and oauth4webapi', async () => {
      const person = await buildSignedIn(app);
      const withKey = (_: unknown, __: unknown, ___: unknown, headers: Headers) =>
        headers.set('Authorization', `Bearer ${key}`);
      const config = await openid.discovery(ISSUER, CLIENT.client_id, undefined, withKey, {
        algorithm: 'oauth2',
        [openid.customFetch]: fetchFromApp,
      });
      expect(await openid.tokenIntrospection(config, person.accessToken)).toMatchObject({
        active: true,
        sub: person.id,
      });
      const options = { [oauth.customFetch]: fetchFromApp };
      const server = await oauth.processDiscoveryResponse(
        ISSUER,
        await oauth.discoveryRequest(ISSUER, { algorithm: 'oauth2', ...options }),
      );
      const response = await oauth.introspectionRequest(server, CLIENT, withKey, person.accessToken, options);
      const state = await oauth.processIntrospectionResponse(server, CLIENT, response);
      expect(state).toMatchObject({ active: true, sid: person.sessionId });
    });
  });

  describe.each(['/auth/introspect', '/auth/revoke'])('the form of %s', (path) => {
    let key: string;
    beforeAll(async () => {
      ({ key } = await buildKey(app, await buildSignedIn(app, 'admin'), { scopes: ['introspect'] }));
    });

    it.each([
      ['without fields', ''],
      ['without a token', 'tokens=x'],
      ['with an empty token', 'token='],
      ['with two tokens', 'token=x&token=y'],
      ['with two hints', 'token=x&token_type_hint=access_token&token_type_hint=refresh_token'],
      ['with a token in brackets', 'token[]=x'],
      ['with a NUL in the token', 'token=x%00'],
      ['with more than 100 kB', `token=${'x'.repeat(102_400)}`],
      ['with hundreds of fields', `token=x&${'a=1&'.repeat(200)}`],
    ])('is rejected %s', async (_, form) => {
      expectOAuthError(await app.as(key).post(path).type('form').send(form), 400, 'invalid_request');
    });

    it('is rejected with another media type or method', async () => {
      const json = await app.as(key).post(path).send({ token: 'x' });
      expectOAuthError(json, 400, 'invalid_request');
      const read = await app.as(key).get(`${path}?token=x`);
      expectOAuthError(read, 405, 'invalid_request');
      expect(read.headers['allow']).toBe('POST');
    });
  });
});

/** Expects the form of RFC 6749 §5.2, with or without a challenge. */
function expectOAuthError(response: Response, status: number, error: string, challenge?: string): void {
  expect([response.status, response.body]).toEqual([
    status,
    { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  ]);
  expect(response.headers['content-type']).toMatch(/^application\/json/);
  expect(response.headers['cache-control']).toBe('no-store');
  expect(response.headers['www-authenticate']).toBe(challenge);
}
