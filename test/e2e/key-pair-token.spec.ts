import { createHash, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secretKey } from '../../src/auth/tokens/token-key.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { decodeToken, forgeToken, hmac, type Forgery } from '../support/forge-token.js';
import { newKeyPair } from '../support/key-pairs.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';

const PREVIOUS_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const pairs = { ES256: newKeyPair('ES256'), RS256: newKeyPair('RS256') };
const strangers = { ES256: newKeyPair('ES256'), RS256: newKeyPair('RS256') };

/** A public key in every form that a careless library could take for a secret: PEM, DER, JWK, and its first number. */
const asSecrets = (key: KeyObject): (string | Buffer)[] => {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const jwk = key.export({ format: 'jwk' });
  const der = key.export({ type: 'spki', format: 'der' });
  return [pem, pem.trimEnd(), der, JSON.stringify(jwk), Buffer.from(jwk.x ?? jwk.n ?? '', 'base64url')];
};

describe.each([
  ['ES256', 'RS256'],
  ['RS256', 'ES256'],
] as const)('an access token by %s', (algorithm, otherAlgorithm) => {
  const own = pairs[algorithm];
  const other = pairs[otherAlgorithm];
  const stranger = strangers[algorithm];
  let app: TestApp;
  let ada: SignedIn;
  let otherKid: string;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        JWT_PRIVATE_KEY: own.privatePem,
        JWT_VERIFICATION_KEYS: other.publicPem,
        JWT_PREVIOUS_SECRETS: PREVIOUS_SECRET,
      },
    });
    ada = await buildSignedIn(app);
    const { body } = await app.request.get('/.well-known/jwks.json').expect(200);
    otherKid = body.keys[1].kid;
  });
  afterAll(() => app.close());

  const forge = (forgery: Forgery) => forgeToken(ada.accessToken, { sign: own.sign, ...forgery });
  const use = (token: string) => app.as(token).get('/users/me');
  const expectRefused = async (token: string, code = 'token_invalid') => {
    const { status, body, headers } = await use(token);
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  };

  it('works, and so does one that these tests put together: the forger can sign', async () => {
    expect(decodeToken(ada.accessToken).header).toMatchObject({ alg: algorithm, typ: 'JWT' });
    for (const token of [ada.accessToken, forge({ claims: { jti: 'another' } })]) {
      const { body } = await use(token).expect(200);
      expect(body.id).toBe(ada.id);
    }
  });

  it('is refused with any one character changed', async () => {
    const changed = [...ada.accessToken].flatMap((character, at) => {
      const others = at === ada.accessToken.length - 1 ? [...ALPHABET, '='] : ['A', 'B'];
      return others
        .filter((replacement) => replacement !== character)
        .map((replacement) => ada.accessToken.slice(0, at) + replacement + ada.accessToken.slice(at + 1));
    });
    const passed: string[] = [];
    for (let next = 0; next < changed.length; next += 20) {
      const batch = changed.slice(next, next + 20);
      const answers = await Promise.all(
        batch.map((token) => fetch(`${app.url}/users/me`, { headers: { authorization: `Bearer ${token}` } })),
      );
      passed.push(...batch.filter((_, i) => answers[i]?.status !== 401));
    }
    expect(passed).toEqual([]);
  });

  it('is refused with the public key as the secret of HS256, in whatever form, under the id of any key', async () => {
    for (const secret of asSecrets(own.publicKey)) {
      for (const kid of [undefined, decodeToken(ada.accessToken).header['kid'], secretKey(PREVIOUS_SECRET).id]) {
        await expectRefused(forge({ header: { alg: 'HS256', kid }, sign: hmac('sha256', secret) }));
      }
      await expectRefused(forge({ sign: hmac('sha256', secret) }));
    }
  });

  it('is refused with the id of one key and the signature of another', async () => {
    await expectRefused(forge({ sign: other.sign }));
    await expectRefused(forge({ header: { kid: otherKid } }));
    await expectRefused(forge({ header: { alg: otherAlgorithm, kid: otherKid } }));
    await expectRefused(forge({ header: { alg: otherAlgorithm }, sign: other.sign }));
    await use(forge({ header: { alg: otherAlgorithm, kid: otherKid }, sign: other.sign })).expect(200);
  });

  it('is refused by a secret that is not named among the previous ones, though it is JWT_SECRET', async () => {
    const bySecret = (secret: string) =>
      forge({ header: { alg: 'HS256', kid: secretKey(secret).id }, sign: hmac('sha256', secret) });
    await expectRefused(bySecret(TEST_SECRET));
    await use(bySecret(PREVIOUS_SECRET)).expect(200);
  });

  const strangerJwk = stranger.publicKey.export({ format: 'jwk' });
  const forgeries: readonly [string, Forgery][] = [
    ...['none', 'None', 'NONE', ''].map((alg): [string, Forgery] => [
      `alg ${JSON.stringify(alg)} and no signature`,
      { header: { alg }, sign: () => Buffer.alloc(0) },
    ]),
    ['alg none and the right signature', { header: { alg: 'none' } }],
    ['another one’s key', { sign: stranger.sign }],
    ['another one’s key in jwk', { header: { jwk: strangerJwk }, sign: stranger.sign }],
    ['another one’s key in jwk, and its thumbprint', { header: { jwk: strangerJwk, kid: 'x' }, sign: stranger.sign }],
    ['another one’s certificate in x5c', { header: { x5c: ['MIIB'] }, sign: stranger.sign }],
    ['ES512', { header: { alg: 'ES512' } }],
    ['RS512', { header: { alg: 'RS512' } }],
    ['PS256', { header: { alg: 'PS256' } }],
    ['a signature of zeros', { sign: (text) => Buffer.alloc(own.sign(text).length) }],
    ['a signature that is empty', { sign: () => Buffer.alloc(0) }],
    ['a signature that is short', { sign: (text) => own.sign(text).subarray(1) }],
    ['a signature with a byte too many', { sign: (text) => Buffer.concat([own.sign(text), Buffer.alloc(1)]) }],
    ['a hash for a signature', { sign: (text) => createHash('sha256').update(text).digest() }],
    ['SHA-512 used and another said', { sign: (text) => sign('sha512', Buffer.from(text), own.privateKey) }],
    ['a kid that is a path', { header: { kid: '../../../../dev/null' }, sign: hmac('sha256', '') }],
    ['no kid', { header: { kid: undefined } }],
    ['crit', { header: { crit: ['exp'] } }],
  ];

  it.each(forgeries)('is refused with %s', async (_, forgery) => {
    await expectRefused(forge(forgery));
  });

  it.each([
    [{ iss: 'another' }, 'token_invalid'],
    [{ aud: 'another' }, 'token_invalid'],
    [{ aud: undefined }, 'token_invalid'],
    [{ nbf: 4_102_444_800 }, 'token_invalid'],
    [{ exp: undefined }, 'token_invalid'],
    [{ exp: 1 }, 'token_expired'],
    [{ sid: { $ne: null } }, 'token_invalid'],
  ])('is refused, though rightly signed, with the claims %j', async (claims, code) => {
    await expectRefused(forge({ claims }), code);
  });

  describe('that names a key elsewhere', () => {
    let elsewhere: Server;
    let asked = 0;
    beforeAll(async () => {
      elsewhere = createServer((_, response) => {
        response.end(JSON.stringify({ keys: [{ ...strangerJwk, kid: 'x', alg: algorithm, use: 'sig' }] }));
      }).listen(0, '127.0.0.1');
      elsewhere.on('connection', () => (asked += 1));
      await once(elsewhere, 'listening');
    });
    afterAll(() => void elsewhere.close());

    it.each(['jku', 'x5u', 'kid', 'iss'])('in %s is refused, and nobody is asked for it', async (field) => {
      const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/keys.json`;
      await expectRefused(forge({ header: { [field]: url }, claims: { [field]: url }, sign: stranger.sign }));
      await expectRefused(forge({ header: { [field]: url } }));
      expect(asked).toBe(0);
    });
  });
});
