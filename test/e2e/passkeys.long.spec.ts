import type { Page } from 'playwright-core';
import { addAuthenticator, TestBrowser } from '../support/browser.js';
import { buildSignedIn } from '../support/builders.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';

if (!TestBrowser.isInstalled) console.warn('Chromium is not installed. The tests of passkeys in it are skipped.');

/** What a page does with passkeys: asks for options, uses the authenticator, and sends the response. */
const SCRIPT = `
  window.post = async (path, body = {}, token = null) => {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: 'Bearer ' + token }) };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  };
  window.create = async (token) => {
    const json = await post('/auth/factors/passkeys/options', {}, token);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
    const credential = await navigator.credentials.create({ publicKey });
    return post('/auth/factors/passkeys', { name: 'Virtual', response: credential.toJSON() }, token);
  };
  window.use = async (path, body) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post(path, body));
    return (await navigator.credentials.get({ publicKey })).toJSON();
  };
  window.signIn = async () => post('/auth/passkey', { response: await use('/auth/passkey/options') });
  window.signInWithPassword = async (email, password) => {
    const { challenge } = await post('/auth/login', { email, password });
    const passkey = await use('/auth/login/factor/passkey-options', { challenge });
    return post('/auth/login/factor', { challenge, passkey });
  };`;

interface Result {
  readonly id?: string;
  readonly recoveryCodes?: readonly string[];
  readonly accessToken?: string;
  readonly code?: string;
}

(TestBrowser.isInstalled ? describe : describe.skip)('passkeys in Chromium', () => {
  let app: TestApp;
  let browser: TestBrowser;
  let page: Page;
  beforeAll(async () => {
    // The origin contains the port, so it must be known before the start.
    const port = await stablePort();
    app = await TestApp.start({ env: { PORT: String(port) } });
    browser = await TestBrowser.start();
    page = await browser.open(`http://localhost:${port}/docs`);
    await addAuthenticator(page);
    await page.evaluate(SCRIPT);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const run = (expression: string) => page.evaluate<Result>(expression);
  const amrOf = async (accessToken = '') => {
    const { body } = await app.as(accessToken).get('/sessions/current').expect(200);
    return body.amr as string[];
  };

  it('are added, sign in alone, and are a second factor', async () => {
    const person = await buildSignedIn(app);
    const added = await run(`create(${JSON.stringify(person.accessToken)})`);
    expect([added.recoveryCodes?.length, added.code]).toEqual([10, undefined]);
    expect(await amrOf((await run('signIn()')).accessToken)).toEqual(['pop', 'mfa']);
    const { email, password } = person;
    const signedIn = await run(`signInWithPassword(${JSON.stringify(email)}, ${JSON.stringify(password)})`);
    expect(await amrOf(signedIn.accessToken)).toEqual(['pwd', 'pop', 'mfa']);
  });
});
