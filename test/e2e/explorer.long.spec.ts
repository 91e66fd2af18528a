import type { Page } from 'playwright-core';
import { overflowOf, TestBrowser, violationsOf, WIDTHS } from '../support/browser.js';
import { buildKey, buildSignedIn, buildUser, type BuiltUser } from '../support/builders.js';
import { addPasskey, run, signIn, signOut, storedIn, usernameIn } from '../support/explorer-page.js';
import { challengeFor, codeOf, enrollTotp } from '../support/factors.js';
import { decodeToken, forgeToken } from '../support/forge-token.js';
import { readOperations, type Operation } from '../support/operations.js';
import { PrefixProxy } from '../support/prefix-proxy.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';

if (!TestBrowser.isInstalled) console.warn('Chromium is not installed. The tests of the explorer are skipped.');

/** An element of a page. The types of the tests do not include those of browsers. */
interface PageElement {
  readonly id: string;
  readonly offsetWidth: number;
  getAttribute(name: string): string | null;
}

(TestBrowser.isInstalled ? describe : describe.skip)('the explorer in Chromium', () => {
  let app: TestApp;
  let browser: TestBrowser;
  let admin: BuiltUser;
  beforeAll(async () => {
    // The origin of passkeys contains the port, so it must be known before the start.
    app = await TestApp.start({ env: { PORT: String(await stablePort()) } });
    browser = await TestBrowser.start();
    admin = await buildUser(app, { role: 'admin' });
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });
  afterEach(() => browser.assertNoProblems());

  const open = async (width?: number, url = `${app.url}/docs`): Promise<Page> => {
    const page = await browser.open(url, width);
    await page.locator('.opblock').first().waitFor();
    return page;
  };

  it('starts with an introduction and lists routes in the order of first use', async () => {
    const page = await open();
    expect(await page.locator('#swagger-ui h1, #swagger-ui h2').allTextContents()).toEqual(['Gatehouse', 'Start here']);
    const paths = await page
      .locator('.opblock-summary-path')
      .evaluateAll((elements: readonly PageElement[]) =>
        elements.map((element) => element.getAttribute('data-path') ?? ''),
      );
    const milestones = [
      '/auth/register',
      '/auth/login',
      '/users/me',
      '/users/me/activity',
      '/sessions',
      '/auth/password/forgot',
      '/admin/users',
      '/health/live',
    ];
    const positions = milestones.map((path) => paths.indexOf(path));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(positions).not.toContain(-1);
  });

  it('asks for email and password only, and shows a wrong password beside the field', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    expect(
      await dialog.locator('input, select').evaluateAll((inputs: readonly PageElement[]) => inputs.map(({ id }) => id)),
    ).toEqual(['oauth_username', 'oauth_password']);
    await dialog.getByLabel('Email').fill(admin.email);
    await dialog.getByLabel('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await dialog.getByText('Incorrect email or password.').waitFor();
    const describedBy = await dialog.getByLabel('Password').getAttribute('aria-describedby');
    expect(await dialog.locator(`#${describedBy}`).textContent()).toBe('Incorrect email or password.');
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('asks an account with a second factor for a code, and never stores it', async () => {
    const person = await buildSignedIn(app);
    const { secret } = await enrollTotp(app, person);
    const page = await open();
    await page.locator('.btn.authorize.unlocked').click();
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    await dialog.getByLabel('Email').fill(person.email);
    await dialog.getByLabel('Password').fill(person.password);
    await page.keyboard.press('Enter');
    await dialog.getByText('This account has a second factor. Enter a code.').waitFor();
    const code = dialog.getByLabel('Code of the authenticator app, or a recovery code');
    for (const [input, message] of [
      ['abc', 'otp must have 6 digits, or be a recovery code.'],
      ['abcde-fghjk-mnpqr-stvwx', /second factor is not correct|otp must/],
    ] as const) {
      await page.locator('#oauth_otp:focus').waitFor();
      await code.fill(input);
      await page.keyboard.press('Enter');
      await dialog.getByText(message).waitFor();
    }
    expect(await violationsOf(page)).toEqual([]);
    const otp = codeOf(secret);
    await code.fill(otp);
    await page.keyboard.press('Enter');
    await page.locator('.btn.authorize.locked').waitFor();
    expect(await page.evaluate<string>('localStorage.getItem("authorized")')).not.toContain(`"${otp}"`);
  });

  it('uses the tokens in the responses to a factor sign-in and a refresh', async () => {
    const person = await buildSignedIn(app);
    const { secret } = await enrollTotp(app, person);
    const page = await open();
    const challenge = await challengeFor(app, person, await page.evaluate<string>('navigator.userAgent'));
    const body = { challenge, code: codeOf(secret) };
    expect(await run(page, await operationOf('POST /auth/login/factor'), body)).toBe(200);
    await page.locator('.btn.authorize.locked').waitFor();
    expect(await run(page, await operationOf('GET /users/me'))).toBe(200);
    const { refresh_token: refreshToken } = (await storedIn(page)).signIn.token;
    expect(await run(page, await operationOf('POST /auth/refresh'), { refreshToken })).toBe(200);
    expect((await storedIn(page)).signIn.token.refresh_token).not.toBe(refreshToken);
    await page.locator('.btn.authorize').click();
    await page.getByRole('dialog').getByText(`You are signed in as ${person.email}.`).waitFor();
  });

  it('stays with the signed-in user when a route returns the tokens of another one', async () => {
    const page = await open();
    await signIn(page, admin);
    const { email, password } = await buildUser(app);
    const before = await storedIn(page);
    expect(await run(page, await operationOf('POST /auth/login'), { email, password })).toBe(200);
    expect(await storedIn(page)).toEqual(before);
  });

  it('steps up with a passkey and keeps the same tokens', async () => {
    const person = await buildSignedIn(app);
    const page = await open(undefined, `${app.url.replace('127.0.0.1', 'localhost')}/docs`);
    await addPasskey(page, person);
    await page.locator('.btn.authorize.unlocked').click();
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    await dialog.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.locator('.btn.authorize.locked').waitFor();
    const before = await storedIn(page);
    await app.database.query(`UPDATE sessions SET authentications = '{"pop": 1}' WHERE user_id = $1`, [person.id]);
    expect(await run(page, await operationOf('POST /auth/keys'))).toBe(401);
    await page.locator('.btn.authorize').click();
    expect([await overflowOf(page), await violationsOf(page)]).toEqual([0, []]);
    await dialog.getByRole('button', { name: 'Use a passkey for a step-up' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await run(page, await operationOf('POST /auth/keys'))).toBe(201);
    expect(await storedIn(page)).toEqual(before);
  });

  it('shows why a step-up with a passkey failed, and offers none with an API key', async () => {
    const person = await buildSignedIn(app);
    const page = await open(WIDTHS[1], `${app.url.replace('127.0.0.1', 'localhost')}/docs`);
    await signIn(page, person);
    await page.locator('.btn.authorize').click();
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    const stepUp = dialog.getByRole('button', { name: 'Use a passkey for a step-up' });
    await page.route('**/auth/step-up/passkey-options', (route) =>
      route.fulfill({ status: 503, json: { detail: 'The server is busy.' } }),
    );
    await stepUp.click();
    await dialog.getByRole('alert').getByText('The server is busy.').waitFor();
    expect([await overflowOf(page), await violationsOf(page)]).toEqual([0, []]);
    await page.keyboard.press('Escape');
    await signOut(page);
    const { key } = await buildKey(app, person);
    await page.locator('.btn.authorize.unlocked').click();
    await dialog.getByRole('button', { name: 'Use an API key' }).click();
    await dialog.getByLabel('API key', { exact: true }).fill(key);
    await page.keyboard.press('Enter');
    await page.locator('.btn.authorize.locked').click();
    await dialog.getByText('You use an API key.').waitFor();
    expect(await stepUp.count()).toBe(0);
  });

  it('signs in with a passkey', async () => {
    const person = await buildSignedIn(app);
    const page = await open(undefined, `${app.url.replace('127.0.0.1', 'localhost')}/docs`);
    await addPasskey(page, person);
    await page.locator('.btn.authorize.unlocked').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.locator('.btn.authorize.locked').waitFor();
    expect(await run(page, await operationOf('POST /auth/factors/recovery-codes'))).toBe(201);
    await page.locator('.btn.authorize').click();
    await page.getByRole('dialog').getByText(`You are signed in as ${person.email}.`).waitFor();
  });

  it('uses an API key without storing it, and opens the lock after its revocation', async () => {
    const person = await buildSignedIn(app);
    const { id, key } = await buildKey(app, person);
    const page = await open();
    const dialog = page.getByRole('dialog', { name: 'Authorize' });
    const enter = async (text: string) => {
      await dialog.getByLabel('API key', { exact: true }).fill(text);
      await page.keyboard.press('Enter');
    };
    const authorize = async () => {
      await page.locator('.btn.authorize.unlocked').click();
      await dialog.getByRole('button', { name: 'Use an API key' }).click();
      await enter(` ${key} `);
      await page.locator('.btn.authorize.locked').waitFor();
    };
    await page.locator('.btn.authorize.unlocked').click();
    await dialog.getByRole('button', { name: 'Use an API key' }).click();
    expect(await violationsOf(page)).toEqual([]);
    await enter(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`);
    await dialog.locator('#oauth_error:not(:empty)').waitFor();
    await page.keyboard.press('Escape');
    await authorize();
    expect(await run(page, await operationOf('GET /users/me'))).toBe(200);
    expect(await run(page, await operationOf('GET /auth/keys'))).toBe(403);
    expect(await page.evaluate<string>('JSON.stringify([localStorage, sessionStorage])')).not.toContain(key);
    await page.locator('.btn.authorize').click();
    await dialog.getByRole('button', { name: 'Forget the key' }).click();
    await authorize();
    await app.as(person.accessToken).delete(`/auth/keys/${id}`).expect(204);
    expect(await run(page, await operationOf('GET /users/me'))).toBe(401);
    await page.locator('.btn.authorize.unlocked').waitFor();
  });

  it('repeats a request after a step-up with the same tokens', async () => {
    const person = await buildSignedIn(app);
    const page = await open();
    await signIn(page, person);
    await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE user_id = $1`, [person.id]);
    const statuses: number[] = [];
    for (const [name, body] of [
      ['POST /auth/keys', undefined],
      ['POST /auth/step-up', { password: person.password }],
      ['POST /auth/keys', undefined],
    ] as const)
      statuses.push(await run(page, await operationOf(name), body));
    expect(statuses).toEqual([401, 204, 201]);
  });

  it('stays signed in when a route requires a new authentication', async () => {
    const page = await open();
    await signIn(page, admin);
    await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE user_id = $1`, [admin.id]);
    expect(await run(page, await operationOf('POST /auth/keys'))).toBe(401);
    expect(await run(page, await operationOf('GET /users/me'))).toBe(200);
    expect(await page.locator('.btn.authorize.locked').count()).toBe(1);
  });

  it('never stores the password, and signs out on the server', async () => {
    const page = await open();
    await signIn(page, admin);
    expect(await page.evaluate<string>('JSON.stringify([localStorage, sessionStorage])')).not.toContain(admin.password);
    const { token } = (await storedIn(page)).signIn;
    await signOut(page);
    const { body } = await app.as(token.access_token).get('/users/me').expect(401);
    expect(body.code).toBe('session_revoked');
  });

  it('runs every operation with its example', async () => {
    // A person without an account starts with the public ones.
    const operations = (await readOperations(app)).sort((a, b) => Number(a.isGuarded) - Number(b.isGuarded));
    const [before] = await app.database.query<{ password_hash: string }>(
      'SELECT password_hash FROM users WHERE id = $1',
      [admin.id],
    );
    const page = await open();
    const statuses: [operation: string, status: number][] = [];
    for (const operation of operations) {
      // The example of a sign-in has signed the page in to another account.
      if (operation.isGuarded && (await usernameIn(page)) !== admin.email) {
        await signOut(page);
        await signIn(page, admin);
      }
      statuses.push([operation.name, await run(page, operation)]);
      // The example changes the password of the administrator.
      if (operation.name !== 'POST /auth/password') continue;
      await app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [admin.id, before?.password_hash]);
    }
    const isUnexpected = (status: number, operation?: Operation) =>
      !operation?.statuses.includes(status) || status === 400 || status >= 500;
    expect(statuses.filter(([, status], index) => isUnexpected(status, operations[index]))).toEqual([]);
    expect(statuses.length).toBe(operations.length);
    expect(statuses).toContainEqual(['POST /auth/register', 201]);
    expect(statuses).toContainEqual(['GET /admin/users', 200]);
    expect(await violationsOf(page)).toEqual([]);
  }, 600_000);

  it('fills in no examples of optional parameters, so that lists return rows', async () => {
    const page = await open();
    await signIn(page, admin);
    const request = page.waitForRequest(/\/admin\/users/);
    await run(page, await operationOf('GET /admin/users'));
    expect(new URL((await request).url()).search).toBe('?limit=20');
  });

  it('opens the lock when the session has been revoked', async () => {
    const page = await open();
    await signIn(page, admin);
    const { token } = (await storedIn(page)).signIn;
    await app.as(token.access_token).post('/auth/logout').expect(204);
    expect(await run(page, await operationOf('GET /users/me'))).toBe(401);
    await page.locator('.btn.authorize.unlocked').waitFor();
    expect(await page.evaluate('localStorage.getItem("authorized")')).toBe('{}');
    expect(await page.locator('.authorization__btn .locked').count()).toBe(0);
  });

  it('opens the lock when its own request revokes the session', async () => {
    const page = await open();
    await signIn(page, admin);
    expect(await run(page, await operationOf('POST /auth/logout'))).toBe(204);
    await page.locator('.btn.authorize.unlocked').waitFor();
  });

  it('renews an expired access token with the refresh token', async () => {
    const page = await open();
    await signIn(page, admin);
    const stored = await storedIn(page);
    const { token } = stored.signIn;
    const before = token.access_token;
    token.access_token = forgeToken(before, { claims: { exp: 1, jti: decodeToken(before).claims['sid'] } });
    await page.evaluate(`localStorage.setItem('authorized', ${JSON.stringify(JSON.stringify(stored))})`);
    await page.reload();
    expect(await run(page, await operationOf('GET /users/me'))).toBe(200);
    expect(await page.locator('.btn.authorize.locked').count()).toBe(1);
    const renewed = (await storedIn(page)).signIn.token;
    expect([token.access_token, before]).not.toContain(renewed.access_token);
    expect(renewed.refresh_token).not.toBe(token.refresh_token);
  });

  it.each(WIDTHS)('fits a window of %d pixels and has no accessibility violation', async (width) => {
    const page = await open(width);
    expect([await overflowOf(page), await violationsOf(page)]).toEqual([0, []]);
    // Not a sign-in, which would replace the form below.
    for (const name of ['POST /auth/password/reset', 'GET /admin/audit']) await run(page, await operationOf(name));
    await page.locator('.models-control').click();
    expect([await overflowOf(page), await violationsOf(page)]).toEqual([0, []]);
    await page.locator('.btn.authorize').click();
    const widths = await page
      .locator('dialog form > p, dialog form > input')
      .evaluateAll((elements: readonly PageElement[]) => elements.map(({ offsetWidth }) => offsetWidth));
    expect([widths.length, new Set(widths).size]).toEqual([4, 1]);
  });

  it.each(['/gate/docs', '/gate/docs/'])('works behind a proxy that adds a path prefix: %s', async (path) => {
    const proxy = await PrefixProxy.start('/gate', app.url);
    const page = await open(WIDTHS[0], `${proxy.url}${path}`);
    expect(await page.getByRole('heading', { name: 'Start here' }).count()).toBe(1);
    await expectToSignIn(page);
    await page.context().close();
    await proxy.close();
  });

  it('works with a trailing slash', async () => {
    await expectToSignIn(await open(undefined, `${app.url}/docs/`));
  });

  async function expectToSignIn(page: Page): Promise<void> {
    await signIn(page, admin);
    expect(await run(page, await operationOf('GET /users/me'))).toBe(200);
  }

  async function operationOf(name: string): Promise<Operation> {
    const found = (await readOperations(app)).find((operation) => operation.name === name);
    if (!found) throw new Error(`No operation ${name}`);
    return found;
  }

  it('shows the session of another tab', async () => {
    const page = await open();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await signIn(page, admin);
    await other.locator('.btn.authorize.locked').waitFor();
    expect(await storedIn(other)).toEqual(await storedIn(page));
  });
});
