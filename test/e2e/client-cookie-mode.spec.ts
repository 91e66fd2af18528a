import { Gatehouse, type FactorProof, type Problem } from '../../clients/typescript/src/index.js';
import { buildSignedIn, buildUser } from '../support/builders.js';
import { codeOf, enrollTotp } from '../support/factors.js';
import { addPasskey } from '../support/passkeys.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

describe('the TypeScript client in cookie mode', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  /** Starts a client whose `fetch` has a cookie and an origin, like a browser. */
  const startTab = (jar: { cookie: string }) => {
    const ended: Problem[] = [];
    const client = new Gatehouse({
      baseUrl: app.url,
      tokenDelivery: 'cookie',
      fetch: async (request) => {
        const headers = request.credentials === 'include' ? { Origin: app.url, Cookie: jar.cookie } : {};
        for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
        const response = await fetch(request);
        const [set] = response.headers.getSetCookie();
        if (set !== undefined) jar.cookie = set.split(';')[0] ?? '';
        return response;
      },
      onSignedOut: (problem) => ended.push(problem),
    });
    return { client, ended };
  };

  it('stores no refresh token, continues after a reload and signs out', async () => {
    const { email, password, id } = await buildUser(app);
    const jar = { cookie: '' };
    const { client } = startTab(jar);
    const { data } = await client.signIn({ email, password });
    expect(Object.keys((await client.tokens()) ?? {}).sort()).toEqual(['accessToken', 'expiresAt', 'userId']);
    const { client: reloaded } = startTab(jar);
    expect(await reloaded.tokens()).toBeNull();
    expect(await reloaded.restore()).toBe(true);
    expect((await reloaded.api.GET('/users/me')).data?.id).toBe(id);
    await reloaded.signOut();
    expect((await sessionRow(app.database, data?.sessionId ?? '')).revoked_reason).toBe('logout');
    expect([await reloaded.restore(), jar.cookie]).toEqual([false, '__Secure-refresh=']);
    await reloaded.signOut();
  });

  it('completes a sign-in with a second factor and one with a passkey alone', async () => {
    const ada = await buildSignedIn(app);
    const { secret } = await enrollTotp(app, ada);
    const authenticator = await addPasskey(app, ada);
    const jar = { cookie: '' };
    const { client } = startTab(jar);
    const { secondFactor } = await client.signIn({ email: ada.email, password: ada.password });
    const { data } = (await secondFactor?.send({ code: codeOf(secret) })) ?? {};
    expect([data?.user.id, await startTab(jar).client.restore()]).toEqual([ada.id, true]);
    const { data: options } = await client.api.POST('/auth/passkey/options');
    await client.signInWithPasskey({ response: authenticator.get(options) as NonNullable<FactorProof['passkey']> });
    expect((await sessionRow(app.database, data?.sessionId ?? '')).revoked_reason).toBe('logout');
    expect(Object.keys((await client.tokens()) ?? {}).sort()).toEqual(['accessToken', 'expiresAt', 'userId']);
    expect(await startTab(jar).client.restore()).toBe(true);
  });

  it('reports another account of the browser instead of switching to it', async () => {
    const [ada, eve] = [await buildUser(app), await buildUser(app)];
    const jar = { cookie: '' };
    const [first, second] = [startTab(jar), startTab(jar)];
    await first.client.signIn({ email: ada.email, password: ada.password });
    await second.client.signIn({ email: eve.email, password: eve.password });
    expect((await first.client.api.GET('/users/me')).error?.code).toBe('session_revoked');
    expect([first.ended, await first.client.tokens()]).toEqual([[{ code: 'account_changed' }], null]);
    expect((await second.client.api.GET('/users/me')).data?.id).toBe(eve.id);
  });
});
