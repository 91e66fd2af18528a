import { buildUser } from '../support/builders.js';
import { MailServer } from '../support/mail-server.js';
import { TestApp } from '../support/test-app.js';

const PAGES = ['reset-password', 'verify-email', 'not-me'];

describe('the pages that mails lead to', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { PRODUCT_NAME: 'Tom & <b>Jerry</b>' } })));
  afterAll(() => app.close());

  const open = (page: string) => app.request.get(`/account/${page}`).expect(200);
  /** What a page's form asks for, and where it sends that: as the page's script does it. */
  const formOf = async (page: string) => {
    const { text } = await open(page);
    const [, action = ''] = /<form [^>]*data-action="([^"]+)"/.exec(text) ?? [];
    const fields = [...text.matchAll(/<input[^>]+name="([^"]+)"/g)].map(([, name = '']) => name);
    return { path: new URL(action, `http://any.example/account/${page}`).pathname, fields };
  };

  it.each(PAGES)('%s is a page with scripts and styles of this server alone, which nobody stores', async (page) => {
    const { text, headers } = await open(page);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(text).toContain('Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;');
    const references = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references).toEqual(['data:,', 'account.css', 'account.js']);
    expect(text).not.toMatch(/<script(?! type="module" src="account\.js"><\/script>)|<style| style=| on\w+=/);
  });

  it.each([
    ['account.js', 'text/javascript; charset=utf-8'],
    ['account.css', 'text/css; charset=utf-8'],
  ])('%s is served for them', async (file, type) => {
    const { headers } = await open(file);
    expect(headers['content-type']).toBe(type);
  });

  it.each(PAGES)('%s puts nothing that is typed into an address, even before its script is there', async (page) => {
    const { text } = await open(page);
    expect(text).toMatch(/<form method="post" data-action/);
    await app.request.post(`/account/${page}`).send('newPassword=seven+lanterns').expect(405);
  });

  it.each([
    ['reset-password', '/auth/password/reset', ['newPassword']],
    ['verify-email', '/auth/email/verify', []],
    ['not-me', '/auth/not-me', []],
  ])('%s asks a route that takes what it sends', async (page, path, fields) => {
    expect(await formOf(page)).toEqual({ path, fields });
    const filled = Object.fromEntries(fields.map((name) => [name, 'seven lanterns at dusk']));
    const { body } = await app.request.post(path).send({ token: 'made-up', ...filled });
    expect(body.code).toBe('token_used_or_expired');
  });

  it('the field for a password is masked, and takes what is pasted and what a password manager fills in', async () => {
    const { text } = await open('reset-password');
    const [field = ''] = /<input[^>]+name="newPassword"[^>]*>/.exec(text) ?? [];
    expect(field).toMatch(/ type="password"\s+autocomplete="new-password"/);
    expect(field).not.toMatch(/maxlength|readonly|pattern| on\w+=/);
    const { text: script } = await open('account.js');
    expect(script).toContain("target.checked ? 'text' : 'password'");
    expect(script).not.toMatch(/paste|keydown|keypress|beforeinput/);
  });

  it('nothing else of their folder is served, and no other', async () => {
    for (const path of ['/account/', '/account', '/account/reset-password.html', '/account/..%2fpackage.json']) {
      const { status } = await app.request.get(path);
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it('are not served where a product has its own', async () => {
    const without = await TestApp.start({ database: app.database, env: { ACCOUNT_PAGES_ENABLED: 'false' } });
    for (const page of PAGES) await without.request.get(`/account/${page}`).expect(404);
    await without.close();
  });
});

describe('the link of a mail', () => {
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

  it('leads to a page of the application itself, and its token does what the mail says', async () => {
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
