import type { BrowserContext, Page } from 'playwright-core';
import { addAuthenticator, TestBrowser } from '../support/browser.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { ClientSite } from '../support/client-site.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

if (!TestBrowser.isInstalled) console.warn('Chromium is not installed. The tests of the cookie mode are skipped.');

const ME = `client.api.GET('/users/me').then(({ response, data, error }) => data ? data.id : error.code)`;

/** What the page does to authenticate again. Counts how often. */
const STEP_UP = `async (problem, send) => {
  globalThis.asked = (globalThis.asked ?? 0) + 1;
  const { data } = await client.api.POST('/auth/step-up/passkey-options');
  await send({ passkey: await usePasskey(data) });
}`;

/** Passkeys work on localhost, but not on an IP address. */
const onLocalhost = (url: string) => url.replace('127.0.0.1', 'localhost');

(TestBrowser.isInstalled ? describe : describe.skip)('the cookie mode of the TypeScript client in Chromium', () => {
  let site: ClientSite;
  let other: ClientSite;
  let app: TestApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    [site, other] = [await ClientSite.start(), await ClientSite.start()];
    const env = { WEBAUTHN_RP_ID: 'localhost', WEBAUTHN_ORIGINS: onLocalhost(other.url) };
    app = await TestApp.start({ env: { CORS_ORIGINS: `${site.url},${onLocalhost(other.url)}`, ...env } });
    browser = await TestBrowser.start();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await site.close();
    await other.close();
  });
  afterEach(() => browser.assertNoProblems());

  /** Loads the client in a page, in cookie mode. */
  const load = async (page: Page, url = app.url) => {
    await page.waitForFunction('globalThis.client?.Gatehouse');
    await page.evaluate(`{
      globalThis.ended = [];
      Object.assign(globalThis, { createPasskey: client.createPasskey, usePasskey: client.usePasskey });
      globalThis.client = new client.Gatehouse({
        baseUrl: '${url}', tokenDelivery: 'cookie', onSignedOut: ({ code }) => ended.push(code), onStepUp: ${STEP_UP},
      });
    }`);
  };
  const open = async () => {
    const page = await browser.open(site.url);
    await load(page);
    return page;
  };
  const openTab = async (context: BrowserContext) => {
    const page = await context.newPage();
    await page.goto(site.url);
    await load(page);
    return page;
  };
  const signIn = ({ email, password }: BuiltUser, page: Page) =>
    page.evaluate<string>(
      `client.signIn(${JSON.stringify({ email, password })}).then(({ data, error }) => data?.sessionId ?? error.code)`,
    );
  const cookieIn = async (page: Page) => (await page.context().cookies(`${app.url}/auth`))[0];
  const reasonOf = async (id: string) => (await sessionRow(app.database, id)).revoked_reason;

  it('keeps the session over a reload, hides the token from scripts, and signs out', async () => {
    const ada = await buildUser(app);
    const page = await open();
    const sessionId = await signIn(ada, page);
    const cookie = await cookieIn(page);
    expect(cookie).toMatchObject({
      name: '__Secure-refresh',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      path: '/auth',
    });
    expect(await page.evaluate(ME)).toBe(ada.id);
    const readable = await page.evaluate<string>(
      `client.tokens().then((tokens) => JSON.stringify([document.cookie, { ...localStorage }, tokens]))`,
    );
    expect(readable).not.toContain(cookie?.value);
    await page.reload();
    await load(page);
    expect(await page.evaluate('client.restore()')).toBe(true);
    expect(await page.evaluate(ME)).toBe(ada.id);
    await page.evaluate('client.signOut()');
    expect([await reasonOf(sessionId), await cookieIn(page)]).toEqual(['logout', undefined]);
    expect(await page.evaluate('client.restore()')).toBe(false);
  });

  it('lets two tabs refresh at the same time', async () => {
    const ada = await buildUser(app);
    const first = await open();
    await signIn(ada, first);
    const second = await openTab(first.context());
    const restored = await Promise.all([first, second].map((page) => page.evaluate('client.restore()')));
    expect(restored).toEqual([true, true]);
    expect(await Promise.all([first, second].map((page) => page.evaluate(ME)))).toEqual([ada.id, ada.id]);
    expect(await first.evaluate('client.restore()')).toBe(true);
  });

  it('ends the first account when another tab signs in to a second one', async () => {
    const [ada, eve] = [await buildUser(app), await buildUser(app)];
    const first = await open();
    const sessionId = await signIn(ada, first);
    const second = await openTab(first.context());
    await signIn(eve, second);
    expect(await reasonOf(sessionId)).toBe('logout');
    expect(await first.evaluate(ME)).toBe('session_revoked');
    expect(await first.evaluate('ended')).toEqual(['account_changed']);
    expect(await second.evaluate(ME)).toBe(eve.id);
  });

  it('continues in the first tab when another tab signs in to the same account', async () => {
    const ada = await buildUser(app);
    const first = await open();
    await signIn(ada, first);
    await signIn(ada, await openTab(first.context()));
    expect([await first.evaluate(ME), await first.evaluate('ended')]).toEqual([ada.id, []]);
  });

  it('signs in with a passkey, alone or as a second factor, and steps up', async () => {
    const ada = await buildUser(app);
    const page = await browser.open(onLocalhost(other.url));
    await addAuthenticator(page);
    await load(page, onLocalhost(app.url));
    await signIn(ada, page);
    const added = await page.evaluate<string[]>(`(async () => {
      const { data: options } = await client.api.POST('/auth/factors/passkeys/options');
      const { data } = await client.api.POST('/auth/factors/passkeys', { body: { response: await createPasskey(options) } });
      await client.signOut();
      return data.recoveryCodes;
    })()`);
    expect([added.length, await page.evaluate('client.restore()')]).toEqual([10, false]);
    const credentials = JSON.stringify({ email: ada.email, password: ada.password });
    const sessionId = await page.evaluate<string>(`(async () => {
      const { secondFactor } = await client.signIn(${credentials});
      const { data: options } = await secondFactor.getPasskeyOptions();
      const { data } = await secondFactor.send({ passkey: await usePasskey(options) });
      return data.sessionId;
    })()`);
    await page.reload();
    await load(page, onLocalhost(app.url));
    expect([await page.evaluate('client.restore()'), await page.evaluate(ME)]).toEqual([true, ada.id]);
    await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE id = $1`, [sessionId]);
    const statuses = await page.evaluate(`Promise.all(['First', 'Second'].map((name) =>
      client.api.POST('/auth/keys', { body: { name } }).then(({ response }) => response.status)))`);
    expect([statuses, await page.evaluate('asked')]).toEqual([[201, 201], 1]);
    await page.evaluate(`(async () => {
      const { data: options } = await client.api.POST('/auth/passkey/options');
      await client.signInWithPasskey({ response: await usePasskey(options) });
    })()`);
    expect([await page.evaluate('client.restore()'), await reasonOf(sessionId)]).toEqual([true, 'logout']);
  });

  it('notices that the browser blocks cookies', async () => {
    const page = await open();
    // Removes the cookie like a browser that does not store it.
    await signIn(await buildUser(app), page);
    await page.context().clearCookies();
    expect(await page.evaluate('client.restore()')).toBe(false);
  });

  it('is not reachable from a page of another site', async () => {
    const ada = await buildUser(app);
    const page = await open();
    const sessionId = await signIn(ada, page);
    const cookie = await cookieIn(page);
    const evil = await page.context().newPage();
    // Another host name is another site. Another port is not.
    await evil.goto(site.url.replace('127.0.0.1', 'localhost'));
    for (const path of ['/auth/refresh', '/auth/logout']) {
      const answer = await evil.evaluate(
        `fetch('${app.url}${path}', { method: 'POST', credentials: 'include', mode: 'no-cors' }).catch(() => 'unreadable')`,
      );
      expect(answer).toBe('unreadable');
    }
    await evil.evaluate(`{
      const form = Object.assign(document.createElement('form'), { method: 'POST', action: '${app.url}/auth/logout' });
      document.body.append(form);
      form.submit();
    }`);
    await evil.waitForURL(`${app.url}/auth/logout`);
    expect([await reasonOf(sessionId), (await cookieIn(page))?.value]).toEqual([null, cookie?.value]);
    expect(await page.evaluate('client.restore()')).toBe(true);
  });

  it('is not reachable from an unlisted page of the same site', async () => {
    const page = await open();
    const sessionId = await signIn(await buildUser(app), page);
    const evil = await page.context().newPage();
    await evil.goto(other.url);
    // The promise settles after the response has arrived.
    const answer = await evil.evaluate(
      `fetch('${app.url}/auth/logout', { method: 'POST', credentials: 'include', mode: 'no-cors' }).catch(() => 'unreadable')`,
    );
    expect(answer).toBe('unreadable');
    expect(await reasonOf(sessionId)).toBeNull();
  });
});
