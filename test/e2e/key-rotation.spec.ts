import { createRemoteJWKSet, jwtVerify } from 'jose';
import { buildUser, signIn } from '../support/builders.js';
import { decodeToken } from '../support/forge-token.js';
import { newKeyPair } from '../support/key-pairs.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const NEXT_SECRET = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';
const ec = newKeyPair('ES256');
const rsa = newKeyPair('RS256');

type Environment = Readonly<Record<string, string>>;

interface Client {
  readonly sessionId: string;
  accessToken: string;
  refreshToken: string;
}

/** What docs/operations.md says to do: each step on one instance after the other, in this order. */
const ROTATIONS: readonly [what: string, before: Environment, ...steps: Environment[]][] = [
  [
    'a secret by another',
    {},
    { JWT_PREVIOUS_SECRETS: NEXT_SECRET },
    { JWT_SECRET: NEXT_SECRET, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_SECRET: NEXT_SECRET },
  ],
  [
    'a secret by a key pair',
    {},
    { JWT_VERIFICATION_KEYS: ec.publicPem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_PRIVATE_KEY: ec.privatePem },
  ],
  [
    'a key pair by another',
    { JWT_PRIVATE_KEY: ec.privatePem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_VERIFICATION_KEYS: rsa.publicPem },
    { JWT_PRIVATE_KEY: rsa.privatePem, JWT_VERIFICATION_KEYS: ec.publicPem },
    { JWT_PRIVATE_KEY: rsa.privatePem },
  ],
  [
    'a key pair by a secret',
    { JWT_PRIVATE_KEY: ec.privatePem },
    { JWT_PRIVATE_KEY: ec.privatePem, JWT_PREVIOUS_SECRETS: TEST_SECRET },
    { JWT_VERIFICATION_KEYS: ec.publicPem },
    {},
  ],
];

/** Keeps its connections, unlike a test's usual client: this asks thousands of times. */
async function ask(url: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>;
}

describe('a rotation of', () => {
  let database: TestDatabase;
  let instances: [TestApp, TestApp];
  beforeEach(async () => (database = await TestDatabase.create()));
  afterEach(async () => {
    for (const instance of instances) await instance.close();
    await database.drop();
  });

  const start = (env: Environment) => TestApp.start({ database, env });

  async function startBoth(env: Environment): Promise<void> {
    instances = [await start(env), await start(env)];
  }

  /** Restarts one instance with another environment. */
  async function restart(which: 0 | 1, env: Environment): Promise<void> {
    await instances[which].close();
    instances[which] = await start(env);
  }

  /** People with two sessions each, one begun on either instance. */
  async function signInClients(people: number): Promise<Client[]> {
    const users = await Promise.all(Array.from({ length: people }, () => buildUser(instances[0])));
    return Promise.all(instances.flatMap((instance) => users.map((user) => signIn(instance, user))));
  }

  /** Every client uses its access token on one instance and refreshes on the other: what was refused, and why. */
  async function refusalsOf(clients: readonly Client[], turn: number): Promise<unknown[]> {
    const refusals = await Promise.all(
      clients.map(async (client, i) => {
        const [here, there] = (i + turn) % 2 === 0 ? instances : [instances[1], instances[0]];
        const headers = { authorization: `Bearer ${client.accessToken}` };
        const used = await ask(`${here.url}/sessions/current`, { headers });
        const refreshed = await ask(`${there.url}/auth/refresh`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ refreshToken: client.refreshToken }),
        });
        if (used['id'] !== client.sessionId) return { turn, used };
        if (refreshed['sessionId'] !== client.sessionId) return { turn, refreshed };
        Object.assign(client, refreshed);
        return [];
      }),
    );
    return refusals.flat();
  }

  it.each(ROTATIONS)(
    '%s signs none of 100 clients out, whichever instance they meet meanwhile',
    async (_, before, ...steps) => {
      await startBoth(before);
      const clients = await signInClients(50);
      const ids = new Set(clients.map(({ accessToken }) => decodeToken(accessToken).header['kid']));
      let turn = 0;
      const refusals = await refusalsOf(clients, turn);
      for (const step of steps) {
        for (const which of [0, 1] as const) {
          await restart(which, step);
          refusals.push(...(await refusalsOf(clients, ++turn)));
        }
      }
      expect(refusals).toEqual([]);
      expect(clients.filter(({ accessToken }) => ids.has(decodeToken(accessToken).header['kid']))).toEqual([]);
    },
    240_000,
  );

  it('a secret that was not announced does: an instance that does not know it yet refuses its tokens', async () => {
    await startBoth({});
    const clients = await signInClients(2);
    await restart(0, { JWT_SECRET: NEXT_SECRET, JWT_PREVIOUS_SECRETS: TEST_SECRET });
    await refusalsOf(clients, 0);
    expect(await refusalsOf(clients, 1)).not.toEqual([]);
  });
});

describe('another service, which knows the public keys and nothing else,', () => {
  let database: TestDatabase;
  const running = new Map<string, TestApp>();
  beforeAll(async () => (database = await TestDatabase.create()));
  afterAll(async () => {
    for (const app of running.values()) await app.close();
    await database.drop();
  });

  const OURS = { issuer: 'gatehouse', audience: 'gatehouse' };
  /** The instance with this environment: one for all tests. */
  const start = async (env: Environment) => {
    const key = JSON.stringify(env);
    const app = running.get(key) ?? (await TestApp.start({ database, env }));
    running.set(key, app);
    return app;
  };
  const keysOf = (instance: TestApp, options = {}) =>
    createRemoteJWKSet(new URL('/.well-known/jwks.json', instance.url), options);
  const newToken = async (app: TestApp) => signIn(app, await buildUser(app));

  it.each([
    ['ES256', ec],
    ['RS256', rsa],
  ])('verifies our tokens by %s', async (algorithm, { privatePem }) => {
    const app = await start({ JWT_PRIVATE_KEY: privatePem });
    const { accessToken, id, sessionId } = await newToken(app);
    const { payload, protectedHeader } = await jwtVerify(accessToken, keysOf(app), OURS);
    expect(payload).toMatchObject({ sub: id, sid: sessionId });
    expect(protectedHeader.alg).toBe(algorithm);
  });

  it('refuses them where they are for another audience, or changed', async () => {
    const app = await start({ JWT_PRIVATE_KEY: ec.privatePem });
    const { accessToken } = await newToken(app);
    const keys = keysOf(app);
    await expect(jwtVerify(accessToken, keys, { ...OURS, audience: 'another' })).rejects.toThrow(/"aud"/);
    const changed = accessToken.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"eve"}').toString('base64url')}.`);
    await expect(jwtVerify(changed, keys, OURS)).rejects.toThrow(/signature/);
  });

  it('cannot verify tokens that a secret signs: there is nothing to know', async () => {
    const app = await start({});
    const { accessToken } = await newToken(app);
    await expect(jwtVerify(accessToken, keysOf(app), OURS)).rejects.toThrow(/Unsupported "alg"/);
  });

  it('that read them when the next key was announced verifies tokens of both, and need not read them again', async () => {
    const env = { JWT_PRIVATE_KEY: ec.privatePem, JWT_VERIFICATION_KEYS: rsa.publicPem };
    const first = await TestApp.start({ database, env });
    const before = await newToken(first);
    const keys = keysOf(first, { cooldownDuration: Infinity, cacheMaxAge: Infinity });
    try {
      await jwtVerify(before.accessToken, keys, OURS);
    } finally {
      await first.close();
    }
    const second = await start({ JWT_PRIVATE_KEY: rsa.privatePem, JWT_VERIFICATION_KEYS: ec.publicPem });
    const after = await newToken(second);
    for (const { accessToken, sessionId } of [before, after]) {
      const { payload } = await jwtVerify(accessToken, keys, OURS);
      expect(payload['sid']).toBe(sessionId);
    }
  });
});
