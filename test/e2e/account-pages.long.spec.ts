import type { Page } from 'playwright-core';
import { overflowOf, TestBrowser, violationsOf, WIDTHS } from '../support/browser.js';
import { buildSignedIn, buildUser, type BuiltUser } from '../support/builders.js';
import { MailServer } from '../support/mail-server.js';
import { issueOldToken, issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

if (!TestBrowser.isInstalled) console.warn('Chromium is not installed. The tests of account pages are skipped.');

const NEW_PASSWORD = 'nine kettles by the sea';

(TestBrowser.isInstalled ? describe : describe.skip)('an account page in Chromium', () => {
  let mailServer: MailServer;
  let app: TestApp;
  let browser: TestBrowser;
  let user: BuiltUser;
  beforeAll(async () => {
    mailServer = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: mailServer.url } });
    browser = await TestBrowser.start();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await mailServer.close();
  });
  beforeEach(async () => (user = await buildUser(app)));
  afterEach(() => browser.assertNoProblems());

  const linkTo = (page: string, token?: string) => `${app.url}/account/${page}${token ? `#token=${token}` : ''}`;
  /** Opens the link of the next mail on this instance, whose port the mail does not know. */
  const openLinkOf = async (email: string) => {
    const { link } = await mailServer.next(email);
    return browser.open(link.replace(app.config.publicUrl, app.url));
  };
  const openReset = async (width?: number) =>
    browser.open(linkTo('reset-password', await issueToken(app, 'password_reset', user)), width);
  const headingOf = (page: Page) => page.getByRole('heading', { level: 2 }).textContent();
  const signIn = async (password: string, { email }: { email: string } = user) =>
    (await app.request.post('/auth/login').send({ email, password })).status;

  it('removes the token from the address bar, focuses the field and survives a reload', async () => {
    const page = await openReset();
    for (const visit of ['first', 'reloaded']) {
      await page.locator('#new-password:focus').waitFor();
      expect([visit, page.url()]).toEqual([visit, linkTo('reset-password')]);
      if (visit === 'first') await page.reload();
    }
    await page.keyboard.type(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    expect(await headingOf(page)).toBe('Your password was changed');
    expect(await signIn(NEW_PASSWORD)).toBe(200);
    await page.reload();
    expect(await headingOf(page)).toBe('Your password was changed');
  });

  it('shows why a password was rejected, and accepts another one', async () => {
    const page = await openReset();
    await page.getByLabel('New password').fill('password123');
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.locator('#problem:not(:empty)').waitFor();
    expect(await page.getByLabel('New password').getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#problem').textContent()).toMatch(/^The password .*\.$/);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await page.getByRole('button', { name: 'Save password' }).click();
    expect(await headingOf(page)).toBe('Your password was changed');
  });

  it.each([
    ['reset-password', 'password_reset', 'Request a new link'],
    ['not-me', 'not_me', 'Choose a new password'],
    ['verify-email', 'email_verification', null],
    ['change-email', 'email_change', null],
    ['accept-invitation', 'invitation', 'Request a new link'],
  ] as const)('%s reports a dead link on load and offers the next step', async (name, purpose, next) => {
    const page = await browser.open(linkTo(name, await issueOldToken(app, purpose, user)));
    await page.getByText('This link no longer works').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    expect(page.url()).toBe(linkTo(name));
    expect(await violationsOf(page)).toEqual([]);
    if (next === null) return;
    await page.getByRole('link', { name: next }).click();
    await page.locator('#email:focus').waitFor();
    await page.keyboard.type(user.email);
    await page.keyboard.press('Enter');
    expect(await headingOf(page)).toBe('Check your mailbox');
    const tokens = await app.database.query(
      `SELECT 1 FROM one_time_tokens WHERE user_id = $1 AND purpose = 'password_reset' AND expires_at > now()`,
      [user.id],
    );
    expect(tokens).toHaveLength(1);
  });

  it('reports a link that is incomplete or too long', async () => {
    const tooLong = await browser.open(linkTo('reset-password', 'A'.repeat(600)));
    expect(await headingOf(tooLong)).toBe('This link no longer works');
    const page = await browser.open(linkTo('reset-password'));
    expect(await headingOf(page)).toBe('This link is incomplete');
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('changes nothing when it opens, and acts on the button', async () => {
    const token = await issueToken(app, 'not_me', user);
    const page = await browser.open(linkTo('not-me', token));
    await page.getByRole('button', { name: 'Sign out on all devices' }).waitFor();
    expect(await signIn(user.password)).toBe(200);
    await page.getByRole('button', { name: 'Sign out on all devices' }).click();
    expect(await headingOf(page)).toBe('You are signed out on all devices');
    expect(await signIn(user.password)).toBe(401);
  });

  it('accepts an invitation with its mailed link, and the account can sign in', async () => {
    const [admin, invited] = [await buildSignedIn(app, 'admin'), { email: 'invited@example.com' }];
    await app.as(admin.accessToken).post('/admin/users').send(invited).expect(201);
    const page = await openLinkOf(invited.email);
    await page.getByLabel('New password').fill('password123');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('#problem:not(:empty)').waitFor();
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await page.getByRole('button', { name: 'Save' }).click();
    expect(await headingOf(page)).toBe('Your account is ready');
    expect(await signIn(NEW_PASSWORD, invited)).toBe(200);
  });

  it.each([
    ['Ada', ''],
    ['Ada', '  '],
    ['Grace', ' Grace '],
  ])('of an invitation saves the name %j for the input %j', async (expected, input) => {
    const { id } = await buildUser(app, { name: 'Ada' });
    const page = await browser.open(linkTo('accept-invitation', await issueToken(app, 'invitation', { id })));
    await page.locator('#new-password:focus').waitFor();
    await page.keyboard.type(NEW_PASSWORD);
    for (const key of ['Tab', 'Tab']) await page.keyboard.press(key);
    await page.keyboard.type(input);
    await page.keyboard.press('Enter');
    expect(await headingOf(page)).toBe('Your account is ready');
    const rows = await app.database.query('SELECT name FROM users WHERE id = $1', [id]);
    expect(rows).toEqual([{ name: expected }]);
  });

  it('marks the field that was rejected, and focuses it', async () => {
    const page = await browser.open(linkTo('accept-invitation', await issueToken(app, 'invitation', user)));
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    // The field itself accepts no more than 100 characters.
    await page.evaluate(`document.querySelector('#name').removeAttribute('maxlength')`);
    await page.getByLabel('Your name').fill('x'.repeat(101));
    await page.keyboard.press('Enter');
    await page.locator('#name[aria-invalid]:focus').waitFor();
    expect(await page.locator('#problem').textContent()).toMatch(/^The name must .* 100 characters\.$/);
    expect(await page.locator('#new-password[aria-invalid]').count()).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows a message for a failure without details, and lets the user try again', async () => {
    const page = await browser.open(linkTo('not-me', await issueToken(app, 'not_me', user)));
    await page.route('**/auth/not-me', (route) => route.fulfill({ status: 500, body: '{}' }), { times: 1 });
    await page.getByRole('button').click();
    await page.getByText('Something went wrong.').waitFor();
    await page.locator('button:focus').waitFor();
    await page.keyboard.press('Enter');
    expect(await headingOf(page)).toBe('You are signed out on all devices');
  });

  it('changes the email with the link of its mail, and shows why it cannot', async () => {
    const [ada, changed] = [await buildSignedIn(app), { email: 'taken@example.com' }];
    await app.as(ada.accessToken).post('/users/me/email').send(changed).expect(202);
    const page = await openLinkOf(changed.email);
    const other = await buildUser(app, changed);
    await page.getByRole('button', { name: 'Use this email address' }).click();
    await page.locator('#problem:not(:empty)').waitFor();
    await app.database.query('DELETE FROM users WHERE id = $1', [other.id]);
    await page.getByRole('button', { name: 'Use this email address' }).click();
    expect(await headingOf(page)).toBe('Your email address was changed');
    expect([await signIn(ada.password, ada), await signIn(ada.password, changed)]).toEqual([401, 200]);
  });

  it('opens a second link in the same tab', async () => {
    const page = await browser.open(linkTo('not-me', 'made-up'));
    await page.getByText('This link no longer works').waitFor();
    await page.goto(linkTo('not-me', await issueToken(app, 'not_me', user)));
    await page.getByRole('button', { name: 'Sign out on all devices' }).waitFor();
    expect(page.url()).toBe(linkTo('not-me'));
  });

  it('shows its form if the check fails, and works without styles', async () => {
    const page = await browser.open(linkTo('reset-password', 'made-up'));
    await page.route('**/*.css', (route) => route.fulfill({ contentType: 'text/css', body: '' }));
    await page.route('**/one-time-tokens/check', (route) =>
      route.fulfill({ status: 503, body: '{"code":"overloaded"}' }),
    );
    await page.goto('about:blank');
    await page.goto(linkTo('reset-password', await issueToken(app, 'password_reset', user)));
    await page.locator('#new-password:focus').waitFor();
    await page.keyboard.type(NEW_PASSWORD);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await headingOf(page)).toBe('Your password was changed');
  });

  it.each(WIDTHS)('fits a window of %d pixels and has no accessibility violation', async (width) => {
    const pages = [
      await openReset(width),
      await browser.open(linkTo('not-me', await issueToken(app, 'not_me', user)), width),
      await browser.open(linkTo('verify-email', await issueToken(app, 'email_verification', user)), width),
      await browser.open(linkTo('accept-invitation', await issueToken(app, 'invitation', user)), width),
      await browser.open(linkTo('change-email', await issueToken(app, 'email_change', user, 'new@example.com')), width),
      await browser.open(linkTo('forgot-password'), width),
    ];
    for (const page of pages) {
      await page.locator('form button').waitFor();
      expect([page.url(), await overflowOf(page), await violationsOf(page)]).toEqual([page.url(), 0, []]);
    }
  });
});
