import type { Page } from 'playwright-core';
import { addAuthenticator } from './browser.js';
import type { BuiltUser, SignedIn } from './builders.js';
import { UNKNOWN_ID } from './constants.js';
import type { Operation } from './operations.js';

interface Stored {
  readonly signIn: {
    readonly username: string;
    readonly token: { access_token: string; readonly refresh_token: string };
  };
}

/** Adds a passkey in a new authenticator of the page to an account. */
export async function addPasskey(page: Page, { accessToken }: SignedIn): Promise<void> {
  await addAuthenticator(page);
  await page.evaluate(`(async () => {
    const post = async (path, body = {}) => (await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ${accessToken}' },
      body: JSON.stringify(body),
    })).json();
    const json = await post('/auth/factors/passkeys/options');
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
    const credential = await navigator.credentials.create({ publicKey });
    await post('/auth/factors/passkeys', { response: credential.toJSON() });
  })()`);
}

/** Signs in with the form of the explorer. */
export async function signIn(page: Page, { email, password }: BuiltUser): Promise<void> {
  await page.locator('.btn.authorize.unlocked').click();
  await page.locator('#oauth_username').fill(email);
  await page.locator('#oauth_password').fill(password);
  await page.keyboard.press('Enter');
  await page.locator('.btn.authorize.locked').waitFor();
}

/** Returns what the explorer stores about its user. */
export async function storedIn(page: Page): Promise<Stored> {
  return JSON.parse(await page.evaluate<string>('localStorage.getItem("authorized")')) as Stored;
}

/** Returns the email of the signed-in user, or undefined. */
export async function usernameIn(page: Page): Promise<string | undefined> {
  const stored = await page.evaluate<string>('localStorage.getItem("authorized") ?? "{}"');
  return (JSON.parse(stored) as Partial<Stored>).signIn?.username;
}

/** Signs out, if someone is signed in. */
export async function signOut(page: Page): Promise<void> {
  if ((await page.locator('.btn.authorize.locked').count()) === 0) return;
  await page.locator('.btn.authorize').click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.locator('.btn.authorize.unlocked').waitFor();
}

/** Executes an operation with a body, or the example that the explorer fills in. Returns the status of the response. */
export async function run(page: Page, { method, path }: Operation, body?: object): Promise<number> {
  const operation = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
  await operation.locator('.opblock-summary-control').click();
  const execute = operation.getByRole('button', { name: 'Execute' });
  const tryItOut = operation.getByRole('button', { name: 'Try it out' });
  await tryItOut.or(execute).waitFor();
  // An operation that has run before still shows its response.
  if (await execute.isVisible()) await operation.getByRole('button', { name: 'Clear' }).click();
  else await tryItOut.click();
  const id = operation.locator('[data-param-name="id"] input');
  if ((await id.count()) > 0 && (await id.inputValue()) === '') await id.fill(UNKNOWN_ID);
  if (body) await operation.locator('textarea.body-param__text').fill(JSON.stringify(body));
  await execute.click();
  const status = operation.locator('.live-responses-table tbody .response-col_status').first();
  await status.waitFor();
  const text = (await status.textContent()) ?? '';
  await operation.locator('.opblock-summary-control').click();
  return parseInt(text, 10);
}
