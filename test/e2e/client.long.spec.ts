import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { ClientSite } from '../support/client-site.js';
import { forgeToken } from '../support/forge-token.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

if (!TestBrowser.isInstalled) console.warn('Chromium is not installed. The tests of the client in it are skipped.');

const CALL = `client.api.GET('/users/me').then(({ response, data }) => [response.status, data && data.id])`;

(TestBrowser.isInstalled ? describe : describe.skip)('the TypeScript client in Chromium', () => {
  let site: ClientSite;
  let app: TestApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    site = await ClientSite.start();
    app = await TestApp.start({ env: { CORS_ORIGINS: site.url } });
    browser = await TestBrowser.start();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await site.close();
  });
  afterEach(() => browser.assertNoProblems());

  /** Starts the client in a page, with an access token that only the server knows to be expired. */
  const start = async (page: Page, user: SignedIn) => {
    await page.waitForFunction('globalThis.client?.Gatehouse');
    const tokens = {
      accessToken: forgeToken(user.accessToken, { claims: { iat: 1, exp: 2 } }),
      refreshToken: user.refreshToken,
      expiresAt: Date.now() + 86_400_000,
    };
    await page.evaluate(`{
      localStorage.setItem('gatehouse.tokens', ${JSON.stringify(JSON.stringify(tokens))});
      const { Gatehouse, webStorage } = globalThis.client;
      globalThis.client = new Gatehouse({ baseUrl: '${app.url}', storage: webStorage(localStorage) });
    }`);
  };
  const refreshes = async ({ sessionId }: SignedIn) => (await sessionRow(app.database, sessionId)).refresh_counter;

  it('refreshes once for 50 parallel requests', async () => {
    const ada = await buildSignedIn(app);
    const page = await browser.open(site.url);
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await start(page, ada);
    const answers = await page.evaluate(`Promise.all(Array.from({ length: 50 }, () => ${CALL}))`);
    expect(answers).toEqual(Array(50).fill([200, ada.id]));
    expect(sent.filter((name) => name === 'POST /auth/refresh').length).toBe(1);
    expect(await refreshes(ada)).toBe(1);
  });

  it('rotates the refresh token once for two tabs', async () => {
    const ada = await buildSignedIn(app);
    const first = await browser.open(site.url);
    const second = await first.context().newPage();
    await second.goto(site.url);
    for (const page of [first, second]) await start(page, ada);
    // Holds the refresh of one tab until the other one waits for its lock.
    await first.context().route('**/auth/refresh', async (route) => {
      await second.waitForFunction('navigator.locks.query().then(({ pending }) => pending.length > 0)');
      await route.continue();
    });
    const answers = await Promise.all([first, second].map((page) => page.evaluate(CALL)));
    expect(answers).toEqual(Array(2).fill([200, ada.id]));
    // A tab can see the stored pair of the other one a moment late. It then repeats the refresh and gets the same pair.
    expect(await refreshes(ada)).toBe(1);
  });
});
