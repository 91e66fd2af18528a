import {
  Gatehouse,
  memoryStorage,
  webStorage,
  type AskForProof,
  type FactorProof,
  type Problem,
  type StoredTokens,
} from '../../clients/typescript/src/index.js';
import type { SoftwareAuthenticator } from '../../bench/support/authenticator.js';
import { buildSignedIn, buildUser, type BuiltUser, type SignedIn } from '../support/builders.js';
import { codeOf, enrollTotp, wrongCode } from '../support/factors.js';
import { forgeToken } from '../support/forge-token.js';
import { addPasskey } from '../support/passkeys.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const HOUR_MS = 3_600_000;

describe('the TypeScript client', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  /** Starts a client that counts its requests. */
  const start = (tokens: StoredTokens | null = null, storage = memoryStorage(tokens), onStepUp?: AskForProof) => {
    const sent: string[] = [];
    const ended: Problem[] = [];
    const client = new Gatehouse({
      baseUrl: app.url,
      storage,
      fetch: (request) => {
        sent.push(`${request.method} ${new URL(request.url).pathname}`);
        return fetch(request);
      },
      onSignedOut: (problem) => ended.push(problem),
      ...(onStepUp && { onStepUp }),
    });
    const count = (name: string) => sent.filter((request) => request === name).length;
    return { client, sent, ended, count };
  };
  const valid = ({ accessToken, refreshToken }: SignedIn, expiresAt = Date.now() + HOUR_MS) => ({
    accessToken,
    refreshToken,
    expiresAt,
  });
  /** Tokens whose access token has expired by the clock of the server, and perhaps by that of the client. */
  const expired = (user: SignedIn, expiresAt?: number) => ({
    ...valid(user, expiresAt),
    accessToken: forgeToken(user.accessToken, { claims: { iat: 1, exp: 2 } }),
  });
  /** Sends the password of an account with a second factor. */
  const secondFactorOf = async (client: Gatehouse, { email, password }: BuiltUser) => {
    const { error, secondFactor } = await client.signIn({ email, password, deviceName: 'Phone' });
    if (!secondFactor) throw new Error(`The sign-in returned ${error?.code}`);
    return secondFactor;
  };
  /** Uses a passkey like `usePasskey`, which needs a browser. */
  const use = (authenticator: SoftwareAuthenticator, options: unknown) =>
    authenticator.get(options) as NonNullable<FactorProof['passkey']>;
  const refreshes = async ({ sessionId }: SignedIn) => (await sessionRow(app.database, sessionId)).refresh_counter;

  it('signs in, uses the token and signs out', async () => {
    const { email, password, id } = await buildUser(app);
    const { client, ended } = start();
    const { data } = await client.signIn({ email, password });
    expect(data?.user.id).toBe(id);
    expect((await client.api.GET('/users/me')).data?.email).toBe(email);
    expect((await client.api.GET('/sessions')).data?.items.map(({ isCurrent }) => isCurrent)).toEqual([true]);
    await client.signOut();
    expect(await client.tokens()).toBeNull();
    expect((await sessionRow(app.database, data?.sessionId ?? '')).revoked_reason).toBe('logout');
    expect((await client.api.GET('/users/me')).error?.code).toBe('token_missing');
    expect(ended).toEqual([]);
  });

  it('returns the problem of a wrong password', async () => {
    const { email } = await buildUser(app);
    const { error, response } = await start().client.signIn({ email, password: 'wrong password' });
    expect([response.status, error?.code]).toEqual([401, 'invalid_credentials']);
  });

  it.each(['totp', 'recovery_code', 'passkey'] as const)(
    'completes a sign-in with a second factor: %s',
    async (kind) => {
      const ada = await buildSignedIn(app);
      const { secret, recoveryCodes } = await enrollTotp(app, ada);
      const authenticator = await addPasskey(app, ada);
      const { client } = start();
      const secondFactor = await secondFactorOf(client, ada);
      expect(secondFactor.factors).toEqual(['totp', 'passkey', 'recovery_code']);
      expect(await client.tokens()).toBeNull();
      const { error: rejection } = await secondFactor.send({ code: wrongCode(secret) });
      expect(rejection?.code).toBe('factor_invalid');
      const proofs: Record<typeof kind, () => FactorProof | Promise<FactorProof>> = {
        totp: () => ({ code: codeOf(secret) }),
        recovery_code: () => ({ recoveryCode: recoveryCodes[0] ?? '' }),
        passkey: async () => ({ passkey: use(authenticator, (await secondFactor.getPasskeyOptions()).data) }),
      };
      const { data } = await secondFactor.send(await proofs[kind]());
      expect(data?.user.id).toBe(ada.id);
      expect((await client.api.GET('/sessions/current')).data?.deviceName).toBe('Phone');
    },
  );

  it('signs in with a passkey alone', async () => {
    const ada = await buildSignedIn(app);
    const authenticator = await addPasskey(app, ada);
    const { client } = start();
    const { data: options } = await client.api.POST('/auth/passkey/options');
    await client.signInWithPasskey({ response: use(authenticator, options) });
    expect((await client.api.GET('/users/me')).data?.id).toBe(ada.id);
  });

  it('sends a form to the token endpoint', async () => {
    const { email, password } = await buildUser(app);
    const { client } = start();
    const grant = { grant_type: 'password', username: email, password } as const;
    expect((await client.requestTokens(grant)).response.status).toBe(200);
    expect((await client.api.GET('/users/me')).data?.email).toBe(email);
  });

  it.each([
    ['before the requests if the client knows that its token has expired', 0],
    ['after a 401 if only the server knows', Date.now() + HOUR_MS],
  ])('refreshes once for 50 parallel requests: %s', async (_, expiresAt) => {
    const ada = await buildSignedIn(app);
    const { client, count } = start(expired(ada, expiresAt));
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.api.GET('/users/me')));
    expect(answers.map(({ data }) => data?.id)).toEqual(Array(50).fill(ada.id));
    expect([count('POST /auth/refresh'), await refreshes(ada)]).toEqual([1, 1]);
  });

  it('sends the body of a request again after a refresh', async () => {
    const ada = await buildSignedIn(app);
    const { client } = start(expired(ada));
    expect((await client.api.PATCH('/users/me', { body: { name: 'Ada L.' } })).data?.name).toBe('Ada L.');
  });

  it('refreshes after a HEAD, whose 401 has no body', async () => {
    const { client } = start(expired(await buildSignedIn(app)));
    expect((await client.api.request('head' as 'get', '/users/me', { parseAs: 'stream' })).response.status).toBe(200);
  });

  it('uses the tokens of another client of the same storage', async () => {
    const ada = await buildSignedIn(app);
    const items = new Map<string, string>();
    const storage = webStorage({
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
    });
    await storage.write(expired(ada));
    const tabs = [start(null, storage), start(null, storage)];
    const answers = await Promise.all(tabs.map(({ client }) => client.api.GET('/users/me')));
    expect(answers.map(({ data }) => data?.id)).toEqual([ada.id, ada.id]);
    expect(await refreshes(ada)).toBe(1);
    items.set('gatehouse.tokens', '{');
    expect(await storage.read()).toBeNull();
  });

  it('uses the tokens of another tab if its own refresh fails, without Web Locks', async () => {
    const ada = await buildSignedIn(app);
    const storage = memoryStorage(expired(ada, 0));
    let rejected = 0;
    const slow = new Gatehouse({
      baseUrl: app.url,
      storage,
      fetch: async (request) => {
        if (!request.url.endsWith('/auth/refresh')) return fetch(request);
        // The other tab finishes while this refresh is on its way.
        expect((await start(null, storage).client.api.GET('/users/me')).response.status).toBe(200);
        rejected += 1;
        return Response.json({ code: 'too_many_requests' }, { status: 429 });
      },
    });
    expect((await slow.api.GET('/users/me')).data?.id).toBe(ada.id);
    expect([rejected, await refreshes(ada)]).toEqual([1, 1]);
  });

  it.each([
    ['with a valid access token', valid],
    ['with an expired access token', expired],
    ['with an access token that it knows to be expired', (user: SignedIn) => expired(user, 0)],
  ])('reports a revoked session once, %s', async (_, tokensOf) => {
    const ada = await buildSignedIn(app);
    const { client, ended } = start(tokensOf(ada));
    await app.as(ada.accessToken).delete('/sessions?scope=all').expect(200);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.api.GET('/users/me')));
    // Requests that start after the first response have no token any more.
    expect(answers[0]?.error).toMatchObject({ code: 'session_revoked', reason: 'logout_all' });
    expect(ended).toEqual([expect.objectContaining({ code: 'session_revoked', reason: 'logout_all' })]);
    expect(await client.tokens()).toBeNull();
  });

  it('keeps the tokens if the refresh fails for another reason', async () => {
    const ada = await buildSignedIn(app);
    const storage = memoryStorage(expired(ada, 0));
    const broken = new Gatehouse({ baseUrl: 'http://127.0.0.1:9', storage });
    await expect(broken.api.GET('/users/me')).rejects.toThrow();
    await expect(broken.signOut()).rejects.toThrow();
    expect((await start(null, storage).client.api.GET('/users/me')).data?.id).toBe(ada.id);
  });

  it('reaches a public route although its session has ended', async () => {
    const ada = await buildSignedIn(app);
    const { client } = start(expired(ada, 0));
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    const { response } = await client.api.POST('/auth/password/forgot', { body: { email: ada.email } });
    expect(response.status).toBe(202);
  });

  it('signs out with an expired access token', async () => {
    const ada = await buildSignedIn(app);
    await start(expired(ada)).client.signOut();
    expect((await sessionRow(app.database, ada.sessionId)).revoked_reason).toBe('logout');
  });

  describe('when a request needs a recent authentication', () => {
    const createKey = ({ client }: Pick<ReturnType<typeof start>, 'client'>, name = 'Export') =>
      client.api.POST('/auth/keys', { body: { name } });
    /** Signs a person in whose last authentication is too old. */
    const buildStale = async () => {
      const ada = await buildSignedIn(app);
      await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE id = $1`, [ada.sessionId]);
      return ada;
    };
    const startWith = (ada: SignedIn, onStepUp?: AskForProof, storage = memoryStorage(valid(ada))) =>
      start(null, storage, onStepUp);

    it('asks once for parallel requests and repeats each with its body', async () => {
      const ada = await buildStale();
      const problems: Problem[] = [];
      const started = startWith(ada, async (problem, send) => {
        problems.push(problem);
        expect((await send({ password: ada.password })).error).toBeUndefined();
      });
      const names = Array.from({ length: 10 }, (_, index) => `Key ${index}`);
      const created = await Promise.all(names.map((name) => createKey(started, name)));
      expect(created.map(({ data }) => data?.name)).toEqual(names);
      expect(problems).toEqual([
        expect.objectContaining({ code: 'insufficient_user_authentication', maxAge: 600, minFactors: 1 }),
      ]);
      expect([started.count('POST /auth/step-up'), started.count('POST /auth/keys')]).toEqual([1, 20]);
    });

    it('repeats a request that was rejected late, without a second question', async () => {
      const ada = await buildStale();
      let asked = 0;
      let isHeld = true;
      const statuses: number[] = [];
      const client: Gatehouse = new Gatehouse({
        baseUrl: app.url,
        storage: memoryStorage(valid(ada)),
        fetch: async (request) => {
          const response = await fetch(request);
          const isFirst = isHeld && request.url.endsWith('/auth/keys');
          if (isFirst) isHeld = false;
          // The user authenticates for the second request before the first one gets its 401.
          if (isFirst) statuses.push((await createKey({ client })).response.status);
          return response;
        },
        onStepUp: async (_, send) => {
          asked += 1;
          await send({ password: ada.password });
        },
      });
      statuses.push((await createKey({ client })).response.status);
      expect([statuses, asked]).toEqual([[201, 201], 1]);
    });

    it('returns the 401 if the user cancels, and asks again next time', async () => {
      const ada = await buildStale();
      let isWilling = false;
      const started = startWith(ada, async (_, send) => {
        if (isWilling) await send({ password: ada.password });
      });
      const rejected = await Promise.all([createKey(started), createKey(started)]);
      expect(rejected.map(({ error }) => error?.code)).toEqual(Array(2).fill('insufficient_user_authentication'));
      isWilling = true;
      expect((await createKey(started)).response.status).toBe(201);
      expect(started.count('POST /auth/keys')).toBe(4);
    });

    it('returns the 401 of a request for which the callback waits, and asks once', async () => {
      const ada = await buildStale();
      const codes: (string | undefined)[] = [];
      const started = startWith(ada, async (_, send) => {
        codes.push((await createKey(started, 'Within the callback')).error?.code);
        await send({ password: ada.password });
        codes.push((await createKey(started, 'After the proof')).error?.code);
      });
      expect((await createKey(started)).response.status).toBe(201);
      expect(codes).toEqual(['insufficient_user_authentication', undefined]);
      expect(started.count('POST /auth/step-up')).toBe(1);
    });

    it('returns the 401 of a request that a cancelled callback has sent, without a second question', async () => {
      const ada = await buildStale();
      let asked = 0;
      const within: ReturnType<typeof createKey>[] = [];
      const started = startWith(ada, () => {
        asked += 1;
        within.push(createKey(started));
        return Promise.resolve();
      });
      expect((await createKey(started)).error?.code).toBe('insufficient_user_authentication');
      expect((await Promise.all(within)).map(({ error }) => error?.code)).toEqual(['insufficient_user_authentication']);
      expect(asked).toBe(1);
    });

    it('returns the 401 if the proof is wrong', async () => {
      const started = startWith(await buildStale(), async (_, send) => {
        expect((await send({ password: 'wrong password' })).error?.code).toBe('invalid_credentials');
      });
      expect((await createKey(started)).error?.code).toBe('insufficient_user_authentication');
      expect(started.count('POST /auth/keys')).toBe(1);
    });

    it('throws what the callback throws, and asks again next time', async () => {
      const ada = await buildStale();
      const failures = [new Error('The dialog is broken.')];
      const started = startWith(ada, async (_, send) => {
        const failure = failures.pop();
        if (failure) throw failure;
        await send({ password: ada.password });
      });
      await expect(createKey(started)).rejects.toThrow('The dialog is broken.');
      expect((await createKey(started)).response.status).toBe(201);
    });

    it('repeats a request only once, and sends two factors if the account has them', async () => {
      const ada = await buildSignedIn(app);
      const { secret } = await enrollTotp(app, ada);
      await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE id = $1`, [ada.sessionId]);
      const asked: number[] = [];
      const started = startWith(ada, async ({ minFactors }, send) => {
        asked.push(minFactors);
        await send({ password: ada.password });
        if (asked.length > 1) await send({ code: codeOf(secret) });
      });
      expect((await createKey(started)).error?.code).toBe('insufficient_user_authentication');
      expect([asked, started.count('POST /auth/keys')]).toEqual([[2], 2]);
      expect((await createKey(started)).response.status).toBe(201);
      expect(asked).toEqual([2, 2]);
    });

    it('renews an access token that expires while the user answers', async () => {
      const ada = await buildStale();
      const storage = memoryStorage(valid(ada));
      const onStepUp: AskForProof = async (_, send) => {
        await storage.write(expired(ada));
        await send({ password: ada.password });
      };
      expect((await createKey(startWith(ada, onStepUp, storage))).response.status).toBe(201);
      expect(await refreshes(ada)).toBe(1);
    });

    it('returns the 401 without a callback', async () => {
      expect((await createKey(startWith(await buildStale()))).error?.minFactors).toBe(1);
    });
  });
});
