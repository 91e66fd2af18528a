import type { JSONWebKeySet } from 'jose';
import * as oauth from 'oauth4webapi';
import { buildSignedIn } from '../support/builders.js';
import { decodeToken } from '../support/forge-token.js';
import { keyPair } from '../support/key-pairs.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';

const current = keyPair('ES256');
const next = keyPair('RS256');
const ISSUER = 'https://id.example.com';
const env = {
  PUBLIC_URL: ISSUER,
  JWT_ISSUER: ISSUER,
  JWT_PRIVATE_KEY: current.privatePem,
  JWT_PREVIOUS_SECRETS: TEST_SECRET,
  // Only the public half of this private key may be published.
  JWT_VERIFICATION_KEYS: next.privatePem,
};

describe('GET /.well-known/jwks.json', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env })));
  afterAll(() => app.close());

  const read = async (from: TestApp = app): Promise<JSONWebKeySet> => {
    const { body } = await from.request.get('/.well-known/jwks.json').expect(200);
    return body as JSONWebKeySet;
  };

  it('contains only the public half of each key pair, the signing key first', async () => {
    const { crv, x, y } = current.publicKey.export({ format: 'jwk' });
    const { n, e } = next.publicKey.export({ format: 'jwk' });
    const kid = expect.stringMatching(/^[\w-]{43}$/);
    expect(await read()).toEqual({
      keys: [
        { kty: 'EC', crv, x, y, kid, alg: 'ES256', use: 'sig' },
        { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' },
      ],
    });
  });

  it('gives the signing key the same ID as its tokens', async () => {
    const { header } = decodeToken((await buildSignedIn(app)).accessToken);
    const { keys } = await read();
    expect([header['alg'], header['kid']]).toEqual(['ES256', keys[0]?.kid]);
  });

  it('lets oauth4webapi discover the keys and validate an access token (RFC 9068)', async () => {
    const { id, accessToken } = await buildSignedIn(app);
    const fetchFromApp = (url: string, init: object) => fetch(url.replace(ISSUER, app.url), init);
    const options = { algorithm: 'oauth2', [oauth.customFetch]: fetchFromApp } as const;
    const discovery = await oauth.discoveryRequest(new URL(ISSUER), options);
    const server = await oauth.processDiscoveryResponse(new URL(ISSUER), discovery);
    const request = new Request('https://orders.example.com', { headers: { Authorization: `Bearer ${accessToken}` } });
    expect(await oauth.validateJwtAccessToken(server, request, 'gatehouse', options)).toMatchObject({ sub: id });
  });

  it('can be cached by anyone for five minutes', async () => {
    const { headers } = await app.request.get('/.well-known/jwks.json').expect(200);
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('does not allow caching of an error', async () => {
    const { headers } = await app.request.post('/.well-known/jwks.json').expect(405);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('contains no secret', async () => {
    const other = await TestApp.start({ database: app.database });
    expect(await read(other)).toEqual({ keys: [] });
    await other.close();
  });
});
