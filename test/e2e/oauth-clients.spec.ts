import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

const ISSUER = new URL('https://accounts.example.com');
const CLIENT = { client_id: 'shop' };

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

    it('discovers the server, signs in, refreshes and revokes', async () => {
      const { email: username, password } = await buildUser(app);
      const server = await discover();
      const form = new URLSearchParams({ username, password });
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

    it.each(['x', 'ghk_x', 'a.b.c', '€', ' ', 'x'.repeat(2_048)])('ignores the unknown token %j', async (token) => {
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

    it('answers a form without a token with an OAuth error', async () => {
      const { status, body } = await app.request.post('/auth/revoke').type('form').send({ tokens: 'x' });
      expect([status, body.error]).toEqual([400, 'invalid_request']);
    });
  });
});
