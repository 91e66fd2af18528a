import { createServer, type Server } from 'node:http';
import { createPublicKey, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { KeyRing } from '../../src/auth/tokens/key-ring.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { decodeToken, forgeToken, hmac, type Forgery } from '../support/forge-token.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const signWithRsa = (text: string) => createSign('sha256').update(text).sign(rsa.privateKey);
const unsigned = () => Buffer.alloc(0);
const now = () => Math.floor(Date.now() / 1_000);
const PREVIOUS_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';

describe('an access token', () => {
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const use = (token: string) => app.as(token).get('/users/me');
  const expectRefused = async (token: string, code = 'token_invalid') => {
    const { status, body, headers } = await use(token);
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  };

  it('says who, by which session and for how long, and nothing of a role', async () => {
    const admin = await buildSignedIn(app, 'admin');
    const { header, claims } = decodeToken(admin.accessToken);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: app.app.get(KeyRing).current.id });
    expect(claims).toEqual({
      sub: admin.id,
      sid: admin.sessionId,
      iss: 'gatehouse',
      aud: 'gatehouse',
      iat: expect.any(Number),
      exp: Number(claims['iat']) + 900,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('is a new one each time, with an id of its own', async () => {
    const { body } = await app.request
      .post('/auth/refresh')
      .send({ refreshToken: (await buildSignedIn(app)).refreshToken });
    const again = await app.request.post('/auth/refresh').send({ refreshToken: body.refreshToken });
    expect(decodeToken(again.body.accessToken).claims['jti']).not.toBe(decodeToken(body.accessToken).claims['jti']);
  });

  it('works when it is put together as the application does it: the forger of these tests can sign', async () => {
    const { body } = await use(forgeToken(ada.accessToken, { claims: { jti: 'another', exp: now() + 60 } }));
    expect(body.id).toBe(ada.id);
  });

  it('is refused with any one character changed', async () => {
    const changed = [...ada.accessToken].flatMap((character, at) => {
      const others = at === ada.accessToken.length - 1 ? [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'] : ['A', 'B'];
      return others
        .filter((other) => other !== character)
        .map((other) => ada.accessToken.slice(0, at) + other + ada.accessToken.slice(at + 1));
    });
    const passed: string[] = [];
    for (let next = 0; next < changed.length; next += 20) {
      const batch = changed.slice(next, next + 20);
      const answers = await Promise.all(batch.map((token) => use(token)));
      passed.push(...batch.filter((_, i) => answers[i]?.status !== 401));
    }
    expect(passed).toEqual([]);
  });

  it.each([
    ['nothing behind the last dot', (token: string) => token.replace(/[^.]+$/, '')],
    ['no signature', (token: string) => token.replace(/\.[^.]+$/, '')],
    ['the signature twice', (token: string) => `${token}.${token.split('.')[2] ?? ''}`],
    ['padding', (token: string) => `${token}=`],
    ['no header', (token: string) => token.replace(/^[^.]+/, '')],
    ['an empty middle', (token: string) => token.replace(/\.[^.]+\./, '..')],
    ['a line break for a dot', (token: string) => token.replace('.', ' ')],
    ['its beginning only', (token: string) => token.slice(0, 20)],
    ['10 kB behind it', (token: string) => token + 'A'.repeat(10_000)],
    [
      'another one’s signature',
      (token: string) => token.replace(/[^.]+$/, forgeToken(token, { claims: { a: 1 } }).split('.')[2] ?? ''),
    ],
  ])('is refused with %s', async (_, spoil) => {
    await expectRefused(spoil(ada.accessToken));
  });

  const headers: readonly [string, Forgery][] = [
    ...['none', 'None', 'NONE', 'nOnE', '', 'none '].map((alg): [string, Forgery] => [
      `alg ${JSON.stringify(alg)} and no signature`,
      { header: { alg }, sign: unsigned },
    ]),
    ['alg none and the right signature', { header: { alg: 'none' } }],
    ['no alg', { header: { alg: undefined } }],
    ['a list as alg', { header: { alg: ['HS256', 'none'] } }],
    ['alg hs256', { header: { alg: 'hs256' } }],
    ['HS384 and the right secret', { header: { alg: 'HS384' }, sign: hmac('sha384', TEST_SECRET) }],
    ['HS512 and the right secret', { header: { alg: 'HS512' }, sign: hmac('sha512', TEST_SECRET) }],
    ['HS256 said and HS512 used', { sign: hmac('sha512', TEST_SECRET) }],
    ['RS256 and a key of the sender’s', { header: { alg: 'RS256' }, sign: signWithRsa }],
    [
      'RS256 and the sender’s key in jwk',
      { header: { alg: 'RS256', jwk: createPublicKey(publicPem).export({ format: 'jwk' }) }, sign: signWithRsa },
    ],
    [
      'HS256 and the sender’s key in jwk',
      { header: { jwk: { kty: 'oct', k: 'AAAA' } }, sign: hmac('sha256', Buffer.alloc(3)) },
    ],
    ['HS256 and a public key as the secret', { sign: hmac('sha256', publicPem) }],
    ['HS256 and an empty secret', { sign: hmac('sha256', '') }],
    ['HS256 and another secret', { sign: hmac('sha256', PREVIOUS_SECRET) }],
    ['kid a path to an empty file', { header: { kid: '../../../../dev/null' }, sign: hmac('sha256', '') }],
    ['kid some SQL', { header: { kid: `' UNION SELECT 'secret` }, sign: hmac('sha256', 'secret') }],
    ['kid of 10 kB', { header: { kid: 'k'.repeat(10_000) } }],
    ['kid a list', { header: { kid: ['a'] } }],
    ['kid null', { header: { kid: null } }],
    ['kid __proto__', { header: { kid: '__proto__' } }],
    ['no kid', { header: { kid: undefined } }],
    ['another type', { header: { typ: 'at+jwt' } }],
    ['no type', { header: { typ: undefined } }],
    ['crit', { header: { crit: ['exp'] } }],
    ['an encoding of the payload', { header: { b64: false, crit: ['b64'] } }],
  ];

  it.each(headers)('is refused when its header says %s', async (_, forgery) => {
    await expectRefused(forgeToken(ada.accessToken, forgery));
  });

  describe('that names a key elsewhere', () => {
    let elsewhere: Server;
    let asked = 0;
    beforeAll(async () => {
      elsewhere = createServer().listen(0, '127.0.0.1');
      elsewhere.on('connection', (socket) => {
        asked += 1;
        socket.destroy();
      });
      await once(elsewhere, 'listening');
    });
    afterAll(() => void elsewhere.close());

    it.each(['jku', 'x5u', 'kid', 'iss'])('in %s is refused, and nobody is asked for it', async (field) => {
      const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/keys.json`;
      const header = { alg: 'RS256', [field]: url };
      await expectRefused(forgeToken(ada.accessToken, { header, claims: { [field]: url }, sign: signWithRsa }));
      await expectRefused(forgeToken(ada.accessToken, { header: { [field]: url } }));
      expect(asked).toBe(0);
    });
  });

  const badIds = [undefined, null, {}, [], true, 0, '', 'x', `' OR 1=1 --`, '0'.repeat(99)];
  const claims: readonly [claim: string, values: readonly unknown[], code?: string][] = [
    ['iss', [undefined, null, {}, [], 0, '', 'gatehouse ', 'Gatehouse', 'https://gatehouse.example']],
    ['aud', [undefined, null, {}, [], 0, '', 'gatehouse ', 'other', ['other']]],
    ['sub', badIds],
    ['sid', badIds],
    ['exp', [undefined, null, {}, [], true, '', String(now() + 900), 1e308, now() + 900.5]],
    ['exp', [-1, 0, now() - 1], 'token_expired'],
    ['nbf', [now() + 900, String(now()), {}, 1e308]],
    ['jti', [undefined, null, {}, 7]],
    ['iat', [undefined, null, '1', 1e308]],
    ['sid', [randomUUID()], 'session_not_found'],
    ['sub', [randomUUID()], 'session_not_found'],
  ];

  const wrongClaims = claims.flatMap(([claim, values, code]) => values.map((value) => ({ claim, value, code })));
  it.each(wrongClaims)(
    'is refused, though rightly signed, when its claim $claim is $value',
    async ({ claim, value, code }) => {
      await expectRefused(forgeToken(ada.accessToken, { claims: { [claim]: value } }), code);
    },
  );

  it('is refused once it expires, however often it was used before', async () => {
    const exp = now() + 60;
    const token = forgeToken(ada.accessToken, { claims: { exp } });
    await use(token).expect(200);
    await use(token).expect(200);
    const clock = jest.spyOn(Date, 'now');
    try {
      clock.mockReturnValue(exp * 1_000 - 1);
      await use(token).expect(200);
      clock.mockReturnValue(exp * 1_000);
      await expectRefused(token, 'token_expired');
    } finally {
      clock.mockRestore();
    }
  });

  it('is refused with any one character changed, although the genuine one was used before', async () => {
    await use(ada.accessToken).expect(200);
    const at = ada.accessToken.length - 20;
    const other = ada.accessToken[at] === 'A' ? 'B' : 'A';
    await expectRefused(ada.accessToken.slice(0, at) + other + ada.accessToken.slice(at + 1));
  });

  it('of one user does not open another one’s session', async () => {
    const eve = await buildSignedIn(app);
    await expectRefused(forgeToken(eve.accessToken, { claims: { sid: ada.sessionId } }), 'session_not_found');
    await expectRefused(forgeToken(eve.accessToken, { claims: { sub: ada.id } }), 'session_not_found');
  });

  it('gains nothing from a role that someone wrote into it', async () => {
    const token = forgeToken(ada.accessToken, { claims: { role: 'admin', roles: ['admin'], scope: 'admin' } });
    const { body } = await app.as(token).get('/admin/users').expect(403);
    expect(body.code).toBe('forbidden');
  });

  it('is not what a refresh token is', async () => {
    await expectRefused(ada.refreshToken);
    const { body } = await app.request.post('/auth/refresh').send({ refreshToken: ada.accessToken }).expect(401);
    expect(body.code).toBe('refresh_token_invalid');
  });

  it.each([
    ['query', (token: string) => app.request.get('/users/me').query({ access_token: token, token })],
    ['body', (token: string) => app.request.patch('/users/me').send({ access_token: token })],
    ['form body', (token: string) => app.request.post('/auth/logout').type('form').send({ access_token: token })],
    ['cookie', (token: string) => app.request.get('/users/me').set('Cookie', `access_token=${token}`)],
    ['header X-Access-Token', (token: string) => app.request.get('/users/me').set('X-Access-Token', token)],
    [
      'header Proxy-Authorization',
      (token: string) => app.request.get('/users/me').set('Proxy-Authorization', `Bearer ${token}`),
    ],
  ])('is never read from the %s', async (_, send) => {
    const { status, body } = await send(ada.accessToken);
    expect([401, 415]).toContain(status);
    expect(['token_missing', 'unsupported_media_type']).toContain(body.code);
  });

  describe('in the Authorization header', () => {
    const send = (...lines: string[]) => exchange(app, rawRequest('GET /users/me', lines));

    it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('is read after the scheme %s', async (scheme) => {
      const { status } = await send(`Authorization: ${scheme} ${ada.accessToken}`);
      expect(status).toBe(200);
    });

    it.each<[string, (token: string) => string[]]>([
      ['in two headers', (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
      ['in the second of two headers', (token) => ['Authorization: Basic YTpi', `authorization: Bearer ${token}`]],
      ['in the first of two headers', (token) => [`Authorization: Bearer ${token}`, 'AUTHORIZATION: Bearer x']],
      ['twice in one header', (token) => [`Authorization: Bearer ${token}, Bearer ${token}`]],
      ['with something behind it', (token) => [`Authorization: Bearer ${token} x`]],
      ['in quotes', (token) => [`Authorization: Bearer "${token}"`]],
      ['after a tab', (token) => [`Authorization: Bearer\t${token}`]],
      ['with no blank', (token) => [`Authorization: Bearer${token}`]],
      ['after a colon', (token) => [`Authorization: Bearer: ${token}`]],
      ['after another scheme', (token) => [`Authorization: Token ${token}`]],
      ['after two schemes', (token) => [`Authorization: Basic Bearer ${token}`]],
      ['with no scheme', (token) => [`Authorization: ${token}`]],
      ['as a parameter', (token) => [`Authorization: Bearer token=${token}`]],
    ])('is refused %s', async (_, lines) => {
      const { status, body } = await send(...lines(ada.accessToken));
      expect(status).toBe(401);
      expect(JSON.parse(body).code).toMatch(/^token_(missing|invalid)$/);
    });

    it.each<[string, string[], string, string]>([
      ['no header', [], 'token_missing', 'Bearer'],
      ['an empty header', ['Authorization:'], 'token_missing', 'Bearer'],
      ['another scheme', ['Authorization: Basic YTpi'], 'token_missing', 'Bearer'],
      ['the scheme alone', ['Authorization: Bearer'], 'token_invalid', 'Bearer error="invalid_token"'],
      ['a token that is none', ['Authorization: Bearer x'], 'token_invalid', 'Bearer error="invalid_token"'],
    ])('is asked for in words that fit %s', async (_, lines, code, challenge) => {
      const { status, headers, body } = await send(...lines);
      expect(status).toBe(401);
      expect(JSON.parse(body).code).toBe(code);
      expect(headers['www-authenticate']).toBe(challenge);
    });
  });

  it('is judged without the database: a bad one is 401, and a good one 503, while it cannot be reached', async () => {
    const env = { DATABASE_URL: NO_DATABASE };
    const cut = await TestApp.start({ database: app.database, env });
    await cut.as(`${ada.accessToken}x`).get('/users/me').expect(401);
    await cut
      .as(forgeToken(ada.accessToken, { claims: { exp: 0 } }))
      .get('/users/me')
      .expect(401);
    const { body, headers } = await cut.as(ada.accessToken).get('/users/me').expect(503);
    expect(body.code).toBe('database_unavailable');
    expect(headers['retry-after']).toBe('1');
    await cut.close();
  });
});
