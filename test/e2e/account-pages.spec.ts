import { readdirSync } from 'node:fs';
import { buildUser } from '../support/builders.js';
import { issueToken } from '../support/one-time-tokens.js';
import { MailServer } from '../support/mail-server.js';
import { TestApp } from '../support/test-app.js';

const FILES = readdirSync('public/account').filter((file) => file.endsWith('.html') && !file.startsWith('_'));
const PAGES = FILES.map((file) => file.replace('.html', ''));
const FORGOT = 'forgot-password';

describe('an account page', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { PRODUCT_NAME: 'Tom & <b>Jerry</b>' } })));
  afterAll(() => app.close());

  const open = (page: string) => app.request.get(`/account/${page}`).expect(200);
  /** Returns the fields of a page's form and the path that the page's script sends them to. */
  const formOf = async (page: string) => {
    const { text } = await open(page);
    const [, action = ''] = /<form\s[^>]*data-action="([^"]+)"/.exec(text) ?? [];
    const fields = [...text.matchAll(/<input[^>]+name="([^"]+)"/g)].map(([, name = '']) => name);
    return { path: new URL(action, `http://any.example/account/${page}`).pathname, fields };
  };

  it.each(PAGES)('%s uses only scripts and styles of this server and is not cached', async (page) => {
    const { text, headers } = await open(page);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(text).toContain('Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;');
    const references = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references.filter((reference) => reference !== FORGOT)).toEqual(['data:,', 'account.css', 'account.js']);
    expect(text).not.toMatch(/<script(?! type="module" src="account\.js"><\/script>)|<style| style=| on\w+=/);
  });

  it.each([
    ['account.js', 'text/javascript; charset=utf-8'],
    ['account.css', 'text/css; charset=utf-8'],
  ])('%s is served with its content type', async (file, type) => {
    const { headers } = await open(file);
    expect(headers['content-type']).toBe(type);
  });

  it.each(PAGES)('%s has its heading as its title, in the layout of all pages', async (page) => {
    const { text } = await open(page);
    expect(text).not.toContain('{{');
    const [, heading] = /<h1>([^<]+)<\/h1>/.exec(text) ?? [];
    expect(text).toContain(`<title>${heading} · Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;</title>`);
    for (const part of ['layout', '_layout', 'new-password', '_new-password'])
      await app.request.get(`/account/${part}`).expect(404);
  });

  it.each(PAGES)('%s never puts input into the URL, even before its script loads', async (page) => {
    const { text } = await open(page);
    expect(text).toMatch(/<form\s+method="post"\s+data-action/);
    await app.request.post(`/account/${page}`).send('newPassword=seven+lanterns').expect(405);
  });

  it.each([
    ['reset-password', '/auth/password/reset', ['newPassword']],
    ['verify-email', '/auth/email/verify', []],
    ['change-email', '/auth/email/change', []],
    ['accept-invitation', '/auth/invitation/accept', ['password', 'name']],
    ['not-me', '/auth/not-me', []],
  ])('%s sends its fields to a route that accepts them', async (page, path, fields) => {
    expect(await formOf(page)).toEqual({ path, fields });
    const filled = Object.fromEntries(fields.map((name) => [name, 'seven lanterns at dusk']));
    const { body } = await app.request.post(path).send({ token: 'made-up', ...filled });
    expect(body.code).toBe('token_used_or_expired');
  });

  it.each([
    ['reset-password', true],
    ['verify-email', false],
    ['change-email', false],
    ['accept-invitation', true],
    ['not-me', true],
  ])('%s checks its link, and offers a new one: %s', async (page, offersLink) => {
    const { text } = await open(page);
    const [, check = '', purpose] = /data-check="([^"]+)"\s+data-purpose="([^"]+)"/.exec(text) ?? [];
    const { pathname } = new URL(check, `http://any.example/account/${page}`);
    const { body } = await app.request.post(pathname).send({ token: 'made-up', purpose });
    expect(body.code).toBe('token_used_or_expired');
    expect(text.includes(`href="${FORGOT}"`)).toBe(offersLink);
  });

  it('reports whether a link works without using it', async () => {
    const { id } = await buildUser(app);
    const token = await issueToken(app, 'not_me', { id });
    const check = async (purpose: string) => {
      const { status, body } = await app.request.post('/auth/one-time-tokens/check').send({ token, purpose });
      return [status, body.code as unknown];
    };
    expect([await check('not_me'), await check('not_me')]).toEqual([
      [204, undefined],
      [204, undefined],
    ]);
    expect(await check('password_reset')).toEqual([422, 'token_used_or_expired']);
    expect(await check('other')).toEqual([400, 'validation_failed']);
    await app.request.post('/auth/not-me').send({ token }).expect(202);
    expect(await check('not_me')).toEqual([422, 'token_used_or_expired']);
  });

  it('masks the password and allows pasting and password managers', async () => {
    const { text } = await open('reset-password');
    const [field = ''] = /<input[^>]+name="newPassword"[^>]*>/.exec(text) ?? [];
    expect(field).toMatch(/ type="password"\s[^>]*autocomplete="new-password"/);
    expect(field).not.toMatch(/maxlength|readonly|pattern| on\w+=/);
    const { text: script } = await open('account.js');
    expect(script).toContain("target.checked ? 'text' : 'password'");
    expect(script).not.toMatch(/paste|keydown|keypress|beforeinput/);
  });

  it('exposes no other file', async () => {
    for (const path of ['/account/', '/account', '/account/reset-password.html', '/account/..%2fpackage.json']) {
      const { status } = await app.request.get(path);
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it('is not served if ACCOUNT_PAGES_ENABLED is false', async () => {
    const without = await TestApp.start({ database: app.database, env: { ACCOUNT_PAGES_ENABLED: 'false' } });
    for (const page of PAGES) await without.request.get(`/account/${page}`).expect(404);
    await without.close();
  });
});

describe('the link in a mail', () => {
  let server: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: server.url } });
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('leads to an account page and has a working token', async () => {
    const { email } = await buildUser(app);
    const welcome = await server.next(email);
    expect(new URL(welcome.link).pathname).toBe('/account/verify-email');
    await app.request.post('/auth/password/forgot').send({ email }).expect(202);
    const { link } = await server.next(email);
    const { pathname, hash } = new URL(link);
    await app.request.get(pathname).expect(200);
    const token = new URLSearchParams(hash.slice(1)).get('token');
    const { status } = await app.request
      .post('/auth/password/reset')
      .send({ token, newPassword: 'nine kettles by the sea' });
    expect(status).toBe(204);
  });
});
