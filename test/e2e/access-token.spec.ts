import { createServer, type Server } from 'node:http';
import { createPublicKey, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { KeyRing } from '../../src/auth/tokens/key-ring.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { changeEachCharacter, findAccepted } from '../support/changed-tokens.js';
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
  const expectRejected = async (token: string, code = 'token_invalid') => {
    const { status, body, headers } = await use(token);
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  };

  it('contains user, session and times, but no role', async () => {
    const admin = await buildSignedIn(app, 'admin');
    const { header, claims } = decodeToken(admin.accessToken);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: app.app.get(KeyRing).current.id });
    expect(claims).toEqual({
      sub: admin.id,
      sid: admin.sessionId,
      gen: 0,
      iss: 'gatehouse',
      aud: 'gatehouse',
      client_id: 'first-party',
      iat: expect.any(Number),
      exp: Number(claims['iat']) + 900,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('has a new ID after each refresh', async () => {
    const { body } = await app.request
      .post('/auth/refresh')
      .send({ refreshToken: (await buildSignedIn(app)).refreshToken });
    const again = await app.request.post('/auth/refresh').send({ refreshToken: body.refreshToken });
    expect(decodeToken(again.body.accessToken).claims['jti']).not.toBe(decodeToken(body.accessToken).claims['jti']);
  });

  it('of an earlier version, without later claims, is accepted', async () => {
    const { status } = await use(forgeToken(ada.accessToken, { claims: { gen: undefined, client_id: undefined } }));
    expect(status).toBe(200);
  });

  it('is accepted if forged with the right secret', async () => {
    const { body } = await use(forgeToken(ada.accessToken, { claims: { jti: 'another', exp: now() + 60 } }));
    expect(body.id).toBe(ada.id);
  });

  it('is rejected if any one character is changed', async () => {
    expect(await findAccepted(app, [ada.accessToken])).toEqual([ada.accessToken]);
    expect(await findAccepted(app, changeEachCharacter(ada.accessToken))).toEqual([]);
  });

  it.each([
    ['an empty signature', (token: string) => token.replace(/[^.]+$/, '')],
    ['no third part', (token: string) => token.replace(/\.[^.]+$/, '')],
    ['the signature twice', (token: string) => `${token}.${token.split('.')[2] ?? ''}`],
    ['padding at its end', (token: string) => `${token}=`],
    ['an empty header', (token: string) => token.replace(/^[^.]+/, '')],
    ['an empty payload', (token: string) => token.replace(/\.[^.]+\./, '..')],
    ['a space in place of a dot', (token: string) => token.replace('.', ' ')],
    ['its first 20 characters only', (token: string) => token.slice(0, 20)],
    ['10 kB appended', (token: string) => token + 'A'.repeat(10_000)],
    [
      'the signature of another token',
      (token: string) => token.replace(/[^.]+$/, forgeToken(token, { claims: { a: 1 } }).split('.')[2] ?? ''),
    ],
  ])('is rejected with %s', async (_, spoil) => {
    await expectRejected(spoil(ada.accessToken));
  });

  const headers: readonly [string, Forgery][] = [
    ...['none', 'None', 'NONE', 'nOnE', '', 'none '].map((alg): [string, Forgery] => [
      `alg ${JSON.stringify(alg)} and an empty signature`,
      { header: { alg }, sign: unsigned },
    ]),
    ['alg none and a valid signature', { header: { alg: 'none' } }],
    ['no alg', { header: { alg: undefined } }],
    ['a list as alg', { header: { alg: ['HS256', 'none'] } }],
    ['alg hs256', { header: { alg: 'hs256' } }],
    ['alg HS384 and the right secret', { header: { alg: 'HS384' }, sign: hmac('sha384', TEST_SECRET) }],
    ['alg HS512 and the right secret', { header: { alg: 'HS512' }, sign: hmac('sha512', TEST_SECRET) }],
    ['alg HS256 and an HS512 signature', { sign: hmac('sha512', TEST_SECRET) }],
    ['alg RS256 and a foreign key', { header: { alg: 'RS256' }, sign: signWithRsa }],
    [
      'alg RS256 and the foreign key in jwk',
      { header: { alg: 'RS256', jwk: createPublicKey(publicPem).export({ format: 'jwk' }) }, sign: signWithRsa },
    ],
    [
      'alg HS256 and the foreign key in jwk',
      { header: { jwk: { kty: 'oct', k: 'AAAA' } }, sign: hmac('sha256', Buffer.alloc(3)) },
    ],
    ['alg HS256 and a public key as the secret', { sign: hmac('sha256', publicPem) }],
    ['alg HS256 and an empty secret', { sign: hmac('sha256', '') }],
    ['alg HS256 and another secret', { sign: hmac('sha256', PREVIOUS_SECRET) }],
    ['the path of an empty file as kid', { header: { kid: '../../../../dev/null' }, sign: hmac('sha256', '') }],
    ['SQL as kid', { header: { kid: `' UNION SELECT 'secret` }, sign: hmac('sha256', 'secret') }],
    ['a kid of 10 kB', { header: { kid: 'k'.repeat(10_000) } }],
    ['a list as kid', { header: { kid: ['a'] } }],
    ['null as kid', { header: { kid: null } }],
    ['__proto__ as kid', { header: { kid: '__proto__' } }],
    ['no kid', { header: { kid: undefined } }],
    ['another typ', { header: { typ: 'id+jwt' } }],
    ['no typ', { header: { typ: undefined } }],
    ['crit', { header: { crit: ['exp'] } }],
    ['an unencoded payload (b64)', { header: { b64: false, crit: ['b64'] } }],
  ];

  it('is accepted with the type of earlier versions', async () => {
    const { status } = await use(forgeToken(ada.accessToken, { header: { typ: 'JWT' } }));
    expect(status).toBe(200);
  });

  it.each(headers)('is rejected if its header has %s', async (_, forgery) => {
    await expectRejected(forgeToken(ada.accessToken, forgery));
  });

  describe('with a key URL', () => {
    let keyServer: Server;
    let connections = 0;
    beforeAll(async () => {
      keyServer = createServer().listen(0, '127.0.0.1');
      keyServer.on('connection', (socket) => {
        connections += 1;
        socket.destroy();
      });
      await once(keyServer, 'listening');
    });
    afterAll(() => void keyServer.close());

    it.each(['jku', 'x5u', 'kid', 'iss'])('in %s is rejected, and the URL is not fetched', async (field) => {
      const url = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys.json`;
      const header = { alg: 'RS256', [field]: url };
      await expectRejected(forgeToken(ada.accessToken, { header, claims: { [field]: url }, sign: signWithRsa }));
      await expectRejected(forgeToken(ada.accessToken, { header: { [field]: url } }));
      expect(connections).toBe(0);
    });
  });

  const badIds = [undefined, null, {}, [], true, 0, '', 'x', `' OR 1=1 --`, '0'.repeat(99)];
  const claims: readonly [claim: string, values: readonly unknown[], code?: string][] = [
    ['gen', ['0', -1, 0.5, 2 ** 31, null, [0], true]],
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
  it.each(wrongClaims)('is rejected if its claim $claim is $value', async ({ claim, value, code }) => {
    await expectRejected(forgeToken(ada.accessToken, { claims: { [claim]: value } }), code);
  });

  it.each([
    'null',
    'true',
    '1',
    '"x"',
    '[]',
    '[{"sub":"x"}]',
    '{}',
    '',
    ' ',
    'x',
    '{',
    'x{}',
    ' {}',
    '\ufeff{}',
    'NaN',
  ])('is rejected if its payload is %j', async (payload) => {
    const text = `${ada.accessToken.split('.')[0]}.${Buffer.from(payload).toString('base64url')}`;
    await expectRejected(`${text}.${hmac('sha256', TEST_SECRET)(text).toString('base64url')}`);
  });

  it('is rejected from the moment it expires, even if used before', async () => {
    const exp = now() + 60;
    const token = forgeToken(ada.accessToken, { claims: { exp } });
    await use(token).expect(200);
    await use(token).expect(200);
    const clock = jest.spyOn(Date, 'now');
    try {
      clock.mockReturnValue(exp * 1_000 - 1);
      await use(token).expect(200);
      clock.mockReturnValue(exp * 1_000);
      await expectRejected(token, 'token_expired');
    } finally {
      clock.mockRestore();
    }
  });

  it('is rejected for the session of another user', async () => {
    const eve = await buildSignedIn(app);
    await expectRejected(forgeToken(eve.accessToken, { claims: { sid: ada.sessionId } }), 'session_not_found');
    await expectRejected(forgeToken(eve.accessToken, { claims: { sub: ada.id } }), 'session_not_found');
  });

  it('gets no rights from a role claim', async () => {
    const token = forgeToken(ada.accessToken, { claims: { role: 'admin', roles: ['admin'], scope: 'admin' } });
    const { body } = await app.as(token).get('/admin/users').expect(403);
    expect(body.code).toBe('forbidden');
  });

  it('is not interchangeable with a refresh token', async () => {
    await expectRejected(ada.refreshToken);
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
  ])('is not read from the %s', async (_, send) => {
    const { status, body } = await send(ada.accessToken);
    expect([401, 415]).toContain(status);
    expect(['token_missing', 'unsupported_media_type']).toContain(body.code);
  });

  describe('in the Authorization header', () => {
    const send = (...lines: string[]) => exchange(app, rawRequest('GET /users/me', lines));

    it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('is accepted after the scheme %s', async (scheme) => {
      const { status } = await send(`Authorization: ${scheme} ${ada.accessToken}`);
      expect(status).toBe(200);
    });

    it.each<[string, (token: string) => string[]]>([
      ['in two headers', (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
      ['in the second of two headers', (token) => ['Authorization: Basic YTpi', `authorization: Bearer ${token}`]],
      ['in the first of two headers', (token) => [`Authorization: Bearer ${token}`, 'AUTHORIZATION: Bearer x']],
      ['twice in one header', (token) => [`Authorization: Bearer ${token}, Bearer ${token}`]],
      ['with text after it', (token) => [`Authorization: Bearer ${token} x`]],
      ['in quotes', (token) => [`Authorization: Bearer "${token}"`]],
      ['after a tab', (token) => [`Authorization: Bearer\t${token}`]],
      ['with no space after the scheme', (token) => [`Authorization: Bearer${token}`]],
      ['after a colon', (token) => [`Authorization: Bearer: ${token}`]],
      ['after another scheme', (token) => [`Authorization: Token ${token}`]],
      ['after two schemes', (token) => [`Authorization: Basic Bearer ${token}`]],
      ['with no scheme', (token) => [`Authorization: ${token}`]],
      ['as a parameter', (token) => [`Authorization: Bearer token=${token}`]],
    ])('is rejected %s', async (_, lines) => {
      const { status, body } = await send(...lines(ada.accessToken));
      expect(status).toBe(401);
      expect(JSON.parse(body).code).toMatch(/^token_(missing|invalid)$/);
    });

    it.each<[string, string[], string, string]>([
      ['no header', [], 'token_missing', 'Bearer'],
      ['an empty header', ['Authorization:'], 'token_missing', 'Bearer'],
      ['another scheme', ['Authorization: Basic YTpi'], 'token_missing', 'Bearer'],
      ['the scheme alone', ['Authorization: Bearer'], 'token_invalid', 'Bearer error="invalid_token"'],
      ['a malformed token', ['Authorization: Bearer x'], 'token_invalid', 'Bearer error="invalid_token"'],
    ])('gets the matching code and challenge for %s', async (_, lines, code, challenge) => {
      const { status, headers, body } = await send(...lines);
      expect(status).toBe(401);
      expect(JSON.parse(body).code).toBe(code);
      expect(headers['www-authenticate']).toBe(challenge);
    });
  });

  it('gets 401 if invalid and 503 if valid while the database is unreachable', async () => {
    const env = { DATABASE_URL: NO_DATABASE };
    const offline = await TestApp.start({ database: app.database, env });
    await offline.as(`${ada.accessToken}x`).get('/users/me').expect(401);
    await offline
      .as(forgeToken(ada.accessToken, { claims: { exp: 0 } }))
      .get('/users/me')
      .expect(401);
    const { body, headers } = await offline.as(ada.accessToken).get('/users/me').expect(503);
    expect(body.code).toBe('database_unavailable');
    expect(headers['retry-after']).toBe('1');
    await offline.close();
  });
});
