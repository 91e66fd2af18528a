import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { ChildApp } from '../support/child-app.js';
import { outboxOf, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('mail without SMTP_URL', () => {
  let direct: TestApp;
  let folder: string;
  let child: ChildApp;
  beforeAll(async () => (direct = await TestApp.start()));
  afterAll(() => direct.close());
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gatehouse-mail-'))));
  afterEach(async () => {
    await child.kill();
    await rm(folder, { recursive: true });
  });

  const start = (environment: string) =>
    ChildApp.start(
      {
        NODE_ENV: environment,
        DATABASE_URL: direct.database.url,
        BCRYPT_COST: '10',
        PUBLIC_URL: 'https://acme.example',
      },
      folder,
    );

  it('is logged and stored in private files in development', async () => {
    child = await start('development');
    const token = await postMail(direct, '../../Ada@example.com', 'Ada');
    const link = `https://acme.example/account/reset-password#token=${token}`;
    await until('the mail is logged', () => child.log.includes(link));
    expect(child.log).toContain('To ../../Ada@example.com: Reset your password for Gatehouse');

    const mails = join(folder, '.data', 'mail');
    const files = (await readdir(mails)).sort();
    expect(files.map((name) => name.replace(/^\d{8}-\d{6}\.\d{3}/, 'time'))).toEqual([
      'time-reset_password-.._.._Ada@example.com.eml',
      'time-reset_password-.._.._Ada@example.com.html',
      'time-reset_password-.._.._Ada@example.com.txt',
    ]);
    const [eml = '', html = '', text = ''] = files.map((name) => join(mails, name));
    expect(child.log).toContain(join('.data', 'mail', files[1] ?? ''));
    expect((await stat(eml)).mode & 0o777).toBe(0o600);
    expect((await PostalMime.parse(await readFile(eml))).text).toContain(link);
    expect(await readFile(html, 'utf8')).toContain(`<a href="${link}"`);
    expect(await readFile(text, 'utf8')).toContain(`\n${link}\n`);
  });

  it('stays queued in production, and the start logs a warning', async () => {
    child = await start('production');
    const token = await postMail(direct, 'eve@example.com');
    expect(child.log).toContain('SMTP_URL is not set. Mails are stored');
    child.signal('SIGTERM');
    await child.exited;
    expect(child.log).not.toContain(token);
    expect(await readdir(folder)).toEqual([]);
    expect(await outboxOf(direct, 'eve@example.com')).toMatchObject([{ attempts: 0, is_waiting: true }]);
  });
});
