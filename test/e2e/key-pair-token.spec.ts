import { createHash, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secretKey } from '../../src/auth/tokens/token-key.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { changeEachCharacter, findAccepted } from '../support/changed-tokens.js';
import { decodeToken, forgeToken, hmac, type Forgery } from '../support/forge-token.js';
import { keyPair } from '../support/key-pairs.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';

const PREVIOUS_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';
const pairs = { ES256: keyPair('ES256'), RS256: keyPair('RS256') };
const strangers = { ES256: keyPair('ES256', 2), RS256: keyPair('RS256', 2) };

/** Returns a public key in all forms that a library could use as a secret: PEM, DER, JWK and its first number. */
const asSecrets = (key: KeyObject): (string | Buffer)[] => {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const jwk = key.export({ format: 'jwk' });
  const der = key.export({ type: 'spki', format: 'der' });
  return [pem, pem.trimEnd(), der, JSON.stringify(jwk), Buffer.from(jwk.x ?? jwk.n ?? '', 'base64url')];
};

describe.each([
  ['ES256', 'RS256'],
  ['RS256', 'ES256'],
] as const)('an access token signed with %s', (algorithm, otherAlgorithm) => {
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
  const expectRejected = async (token: string, code = 'token_invalid') => {
    const { status, body, headers } = await use(token);
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  };

  it('is accepted, also if forged with the right key', async () => {
    expect(decodeToken(ada.accessToken).header).toMatchObject({ alg: algorithm, typ: 'at+jwt' });
    for (const token of [ada.accessToken, forge({ claims: { jti: 'another' } })]) {
      const { body } = await use(token).expect(200);
      expect(body.id).toBe(ada.id);
    }
  });

  it('is rejected if any one character is changed', async () => {
    expect(await findAccepted(app, [ada.accessToken])).toEqual([ada.accessToken]);
    expect(await findAccepted(app, changeEachCharacter(ada.accessToken))).toEqual([]);
  });

  it('is rejected if the public key in any form is the HS256 secret', async () => {
    for (const secret of asSecrets(own.publicKey)) {
      for (const kid of [undefined, decodeToken(ada.accessToken).header['kid'], secretKey(PREVIOUS_SECRET).id]) {
        await expectRejected(forge({ header: { alg: 'HS256', kid }, sign: hmac('sha256', secret) }));
      }
      await expectRejected(forge({ sign: hmac('sha256', secret) }));
    }
  });

  it('is rejected with the ID of one key and the signature of another', async () => {
    await expectRejected(forge({ sign: other.sign }));
    await expectRejected(forge({ header: { kid: otherKid } }));
    await expectRejected(forge({ header: { alg: otherAlgorithm, kid: otherKid } }));
    await expectRejected(forge({ header: { alg: otherAlgorithm }, sign: other.sign }));
    await use(forge({ header: { alg: otherAlgorithm, kid: otherKid }, sign: other.sign })).expect(200);
  });

  it('is rejected if signed with JWT_SECRET unless that is a previous secret', async () => {
    const bySecret = (secret: string) =>
      forge({ header: { alg: 'HS256', kid: secretKey(secret).id }, sign: hmac('sha256', secret) });
    await expectRejected(bySecret(TEST_SECRET));
    await use(bySecret(PREVIOUS_SECRET)).expect(200);
  });

  const strangerJwk = stranger.publicKey.export({ format: 'jwk' });
  const forgeries: readonly [string, Forgery][] = [
    ...['none', 'None', 'NONE', ''].map((alg): [string, Forgery] => [
      `alg ${JSON.stringify(alg)} and an empty signature`,
      { header: { alg }, sign: () => Buffer.alloc(0) },
    ]),
    ['alg none and a valid signature', { header: { alg: 'none' } }],
    ['a foreign key', { sign: stranger.sign }],
    ['a foreign key in jwk', { header: { jwk: strangerJwk }, sign: stranger.sign }],
    ['a foreign key in jwk and another kid', { header: { jwk: strangerJwk, kid: 'x' }, sign: stranger.sign }],
    ['a foreign certificate in x5c', { header: { x5c: ['MIIB'] }, sign: stranger.sign }],
    ['alg ES512', { header: { alg: 'ES512' } }],
    ['alg RS512', { header: { alg: 'RS512' } }],
    ['alg PS256', { header: { alg: 'PS256' } }],
    ['a signature of zeros', { sign: (text) => Buffer.alloc(own.sign(text).length) }],
    ['an empty signature', { sign: () => Buffer.alloc(0) }],
    ['a signature that is a byte too short', { sign: (text) => own.sign(text).subarray(1) }],
    ['a signature that is a byte too long', { sign: (text) => Buffer.concat([own.sign(text), Buffer.alloc(1)]) }],
    ['a hash as the signature', { sign: (text) => createHash('sha256').update(text).digest() }],
    ['a SHA-512 signature', { sign: (text) => sign('sha512', Buffer.from(text), own.privateKey) }],
    ['the path of an empty file as kid', { header: { kid: '../../../../dev/null' }, sign: hmac('sha256', '') }],
    ['no kid', { header: { kid: undefined } }],
    ['crit', { header: { crit: ['exp'] } }],
  ];

  it.each(forgeries)('is rejected with %s', async (_, forgery) => {
    await expectRejected(forge(forgery));
  });

  it.each([
    ['another iss', { iss: 'another' }, 'token_invalid'],
    ['another aud', { aud: 'another' }, 'token_invalid'],
    ['no aud', { aud: undefined }, 'token_invalid'],
    ['a future nbf', { nbf: 4_102_444_800 }, 'token_invalid'],
    ['no exp', { exp: undefined }, 'token_invalid'],
    ['a past exp', { exp: 1 }, 'token_expired'],
    ['an object as sid', { sid: { $ne: null } }, 'token_invalid'],
  ])('is rejected if its claims have %s', async (_, claims, code) => {
    await expectRejected(forge({ claims }), code);
  });

  describe('with a key URL', () => {
    let keyServer: Server;
    let connections = 0;
    beforeAll(async () => {
      keyServer = createServer((_, response) => {
        response.end(JSON.stringify({ keys: [{ ...strangerJwk, kid: 'x', alg: algorithm, use: 'sig' }] }));
      }).listen(0, '127.0.0.1');
      keyServer.on('connection', () => (connections += 1));
      await once(keyServer, 'listening');
    });
    afterAll(() => void keyServer.close());

    it.each(['jku', 'x5u', 'kid', 'iss'])('in %s is rejected, and the URL is not fetched', async (field) => {
      const url = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys.json`;
      await expectRejected(forge({ header: { [field]: url }, claims: { [field]: url }, sign: stranger.sign }));
      await expectRejected(forge({ header: { [field]: url } }));
      expect(connections).toBe(0);
    });
  });
});
