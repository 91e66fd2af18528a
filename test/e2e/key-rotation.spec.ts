import { createRemoteJWKSet, jwtVerify } from 'jose';
import { buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { decodeToken } from '../support/forge-token.js';
import { keyPair } from '../support/key-pairs.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const NEXT_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';
const ec = keyPair('ES256');
const rsa = keyPair('RS256');

type Environment = Readonly<Record<string, string>>;

interface Client {
  readonly sessionId: string;
  accessToken: string;
  refreshToken: string;
}

/** The steps in docs/operations.md. Each step restarts one instance and then the other. */
const ROTATIONS: readonly [name: string, before: Environment, ...steps: Environment[]][] = [
  [
    'one secret to another',
    {},
    { JWT_PREVIOUS_SECRETS: NEXT_SECRET },
    { JWT_SECRET: NEXT_SECRET, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_SECRET: NEXT_SECRET },
  ],
  [
    'a secret to a key pair',
    {},
    { JWT_VERIFICATION_KEYS: ec.publicPem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_PRIVATE_KEY: ec.privatePem },
  ],
  [
    'one key pair to another',
    { JWT_PRIVATE_KEY: ec.privatePem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_VERIFICATION_KEYS: rsa.publicPem },
    { JWT_PRIVATE_KEY: rsa.privatePem, JWT_VERIFICATION_KEYS: ec.publicPem },
    { JWT_PRIVATE_KEY: rsa.privatePem },
  ],
  [
    'a key pair to a secret',
    { JWT_PRIVATE_KEY: ec.privatePem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_VERIFICATION_KEYS: ec.publicPem },
    {},
  ],
];

let database: TestDatabase;
let user: BuiltUser;
beforeAll(async () => {
  database = await TestDatabase.create();
  const app = await TestApp.start({ database });
  user = await buildUser(app);
  await app.close();
});
afterAll(() => database.drop());

const start = (env: Environment) => TestApp.start({ database, env });

describe('key rotation', () => {
  let instances: [TestApp, TestApp];
  let clients: Client[];
  afterEach(() => Promise.all(instances.map((instance) => instance.close())));

  async function startBoth(env: Environment): Promise<void> {
    instances = [await start(env), await start(env)];
    clients = [await signIn(instances[0], user), await signIn(instances[1], user)];
  }

  async function restart(which: 0 | 1, env: Environment): Promise<void> {
    await instances[which].close();
    instances[which] = await start(env);
  }

  /** Uses each access token on both instances and then refreshes on one of them. Returns the rejections. */
  async function useTokens(turn: number): Promise<unknown[]> {
    const rejections: unknown[] = [];
    for (const [i, client] of clients.entries()) {
      for (const instance of instances) {
        const { body } = await instance.as(client.accessToken).get('/sessions/current');
        if (body.id !== client.sessionId) rejections.push(body);
      }
      const { request } = instances[(i + turn) % 2 === 0 ? 0 : 1];
      const { body } = await request.post('/auth/refresh').send({ refreshToken: client.refreshToken });
      if (body.sessionId === client.sessionId) Object.assign(client, body);
      else rejections.push(body);
    }
    return rejections;
  }

  /** Takes two turns, so that each instance gets the tokens of the other one. */
  const useTokensOfBoth = async () => [...(await useTokens(0)), ...(await useTokens(1))];

  it.each(ROTATIONS)('from %s signs no client out on any instance', async (_, before, ...steps) => {
    await startBoth(before);
    const oldKeyIds = clients.map(({ accessToken }) => decodeToken(accessToken).header['kid']);
    const rejections = await useTokensOfBoth();
    for (const step of steps) {
      for (const which of [0, 1] as const) {
        await restart(which, step);
        rejections.push(...(await useTokensOfBoth()));
      }
    }
    expect(rejections).toEqual([]);
    for (const { accessToken } of clients) expect(oldKeyIds).not.toContain(decodeToken(accessToken).header['kid']);
  });

  it('signs clients out if the other instance does not know the new secret yet', async () => {
    await startBoth({});
    await restart(0, { JWT_SECRET: NEXT_SECRET, JWT_PREVIOUS_SECRETS: TEST_SECRET });
    expect(await useTokensOfBoth()).not.toEqual([]);
  });
});

describe('a service that has only the public keys', () => {
  const running = new Map<string, TestApp>();
  afterAll(async () => {
    for (const app of running.values()) await app.close();
  });

  const EXPECTED = { issuer: 'gatehouse', audience: 'gatehouse' };
  /** Returns the one instance with this environment. */
  const get = async (env: Environment) => {
    const key = JSON.stringify(env);
    const app = running.get(key) ?? (await start(env));
    running.set(key, app);
    return app;
  };
  const keysOf = (instance: TestApp, options = {}) =>
    createRemoteJWKSet(new URL('/.well-known/jwks.json', instance.url), { timeoutDuration: 60_000, ...options });

  it.each([
    ['ES256', ec],
    ['RS256', rsa],
  ])('verifies %s tokens', async (algorithm, { privatePem }) => {
    const app = await get({ JWT_PRIVATE_KEY: privatePem });
    const { accessToken, id, sessionId } = await signIn(app, user);
    const { payload, protectedHeader } = await jwtVerify(accessToken, keysOf(app), EXPECTED);
    expect(payload).toMatchObject({ sub: id, sid: sessionId });
    expect(protectedHeader.alg).toBe(algorithm);
  });

  it('rejects changed tokens and tokens for another audience', async () => {
    const app = await get({ JWT_PRIVATE_KEY: ec.privatePem });
    const { accessToken } = await signIn(app, user);
    const keys = keysOf(app);
    await expect(jwtVerify(accessToken, keys, { ...EXPECTED, audience: 'another' })).rejects.toThrow(/"aud"/);
    const changed = accessToken.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"eve"}').toString('base64url')}.`);
    await expect(jwtVerify(changed, keys, EXPECTED)).rejects.toThrow(/signature/);
  });

  it('cannot verify tokens that are signed with a secret', async () => {
    const app = await get({});
    const { accessToken } = await signIn(app, user);
    await expect(jwtVerify(accessToken, keysOf(app), EXPECTED)).rejects.toThrow(/Unsupported "alg"/);
  });

  it('verifies tokens of an announced key without reading the keys again', async () => {
    const env = { JWT_PRIVATE_KEY: ec.privatePem, JWT_VERIFICATION_KEYS: rsa.publicPem };
    const first = await start(env);
    const before = await signIn(first, user);
    const keys = keysOf(first, { cooldownDuration: Infinity, cacheMaxAge: Infinity });
    try {
      await jwtVerify(before.accessToken, keys, EXPECTED);
    } finally {
      await first.close();
    }
    const second = await get({ JWT_PRIVATE_KEY: rsa.privatePem, JWT_VERIFICATION_KEYS: ec.publicPem });
    const after = await signIn(second, user);
    for (const { accessToken, sessionId } of [before, after]) {
      const { payload } = await jwtVerify(accessToken, keys, EXPECTED);
      expect(payload['sid']).toBe(sessionId);
    }
  });
});
