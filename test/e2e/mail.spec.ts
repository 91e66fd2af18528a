import { AsyncResource } from 'node:async_hooks';
import { verifyEmail } from '../../src/auth/auth.mails.js';
import { newId } from '../../src/common/id.js';
import { Database } from '../../src/platform/database/database.js';
import { defineMail } from '../../src/platform/mail/define-mail.js';
import { MailOutbox } from '../../src/platform/mail/mail-outbox.js';
import { SealedBox } from '../../src/common/sealed-box.js';
import { LogLines } from '../support/log-lines.js';
import { MailServer } from '../support/mail-server.js';
import { outboxOf, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const GREETING = defineMail('test_greeting', (_, { text }: { text: string }) => ({
  subject: text.trim(),
  paragraphs: [text],
}));

describe('mail', () => {
  const log = new LogLines();
  let server: MailServer;
  let app: TestApp;
  let second: TestApp;

  beforeAll(async () => {
    server = await MailServer.start();
    [app, second] = await TestApp.startTwo({
      log,
      env: {
        SMTP_URL: server.url,
        MAIL_FROM: 'Acme, Inc. <no-reply@acme.example>',
        PRODUCT_NAME: 'Acme Höhle',
        PUBLIC_URL: 'https://app.acme.example/id/',
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('arrives as text and HTML with the product name and a link', async () => {
    const token = await postMail(app, 'ada@example.com', 'Ada Lovelace');
    const mail = await server.next('ada@example.com');
    const link = `https://app.acme.example/id/account/reset-password#token=${token}`;
    expect(mail).toMatchObject({
      from: 'no-reply@acme.example',
      to: 'ada@example.com',
      subject: 'Reset your password for Acme Höhle',
      link,
      token,
    });
    expect(mail.text).toContain('Hello Ada Lovelace,');
    expect(mail.text).toContain('after 1 hour.');
    expect(mail.html).toContain(`<a href="${link}"`);
    expect(mail.headers).toMatchObject({
      from: '"Acme, Inc." <no-reply@acme.example>',
      'auto-submitted': 'auto-generated',
    });
  });

  it('has its row ID in the Message-ID, so that duplicates are recognizable', async () => {
    await postMail(app, 'id@example.com');
    const { messageId } = await server.next('id@example.com');
    const [row] = await outboxOf(app, 'id@example.com');
    expect(messageId).toBe(`<${row?.id}@acme.example>`);
  });

  it('has ASCII headers and the current date', async () => {
    await postMail(app, 'ascii@example.com', 'Zoë');
    const { raw, headers } = await server.next('ascii@example.com');
    const [head = ''] = raw.split('\r\n\r\n');
    expect(head).toMatch(/^[\x20-\x7e\r\n]+$/);
    expect(Math.abs(Date.now() - Date.parse(headers['date'] ?? ''))).toBeLessThan(60_000);
  });

  it('is never sent if its transaction is rolled back', async () => {
    const rolledBack = app.app.get(Database).transaction(async (manager) => {
      const recipient = { email: 'never@example.com', name: null };
      await app.app.get(MailOutbox).post(manager, verifyEmail, recipient, { token: 'never-sent' });
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await postMail(app, 'later@example.com');
    await server.next('later@example.com');
    expect(server.to('never@example.com')).toEqual([]);
    expect(await outboxOf(app, 'never@example.com')).toEqual([]);
  });

  it('is sent once when two instances send mails', async () => {
    const recipients = Array.from({ length: 60 }, (_, index) => `once-${index}@example.com`);
    await Promise.all(recipients.map((recipient, index) => postMail(index % 2 ? app : second, recipient)));
    await Promise.all(recipients.map((recipient) => server.next(recipient)));
    await until('all mails are marked as sent', async () => (await waiting()) === 0);
    expect(recipients.map((recipient) => server.to(recipient).length)).toEqual(recipients.map(() => 1));
  });

  it('encrypts its contents while queued, deletes them once sent, and logs no token', async () => {
    let release = (): void => undefined;
    server.delay = new Promise((resolve) => (release = resolve));
    const token = await postMail(app, 'sealed@example.com', 'Ada Lovelace');
    const [row] = await app.database.query<{ row: string; sealed: Buffer }>(
      `SELECT mails::text AS row, sealed FROM mails WHERE recipient = 'sealed@example.com'`,
    );
    release();
    await server.next('sealed@example.com');
    await until('the mail is marked as sent', async () => (await waiting()) === 0);
    expect(row?.row).not.toContain(token);
    expect(row?.sealed.toString('latin1')).not.toMatch(/token|Lovelace/);
    const [after] = await outboxOf(app, 'sealed@example.com');
    expect(after).toMatchObject({ sealed: null, is_sent: true, is_waiting: false, attempts: 1 });
    expect(log.text).not.toContain(token);
  });

  it.each(['eve@example.com, mallory@example.com', 'eve@example.com>\r\nRCPT TO:<mallory@example.com'])(
    'is not sent to a recipient with several email addresses: %j',
    async (recipient) => {
      await postMail(app, recipient);
      await until('the mail was tried', async () => (await outboxOf(app, recipient))[0]?.last_error !== null);
      expect(server.mails.filter(({ raw }) => raw.includes('mallory'))).toEqual([]);
    },
  );

  it.each([
    '<script>alert(1)</script>',
    'Ada\r\nBcc: mallory@example.com',
    'You won! www.evil.example',
    'Call +49 30 1234567',
    'A'.repeat(200),
    ' ',
  ])('does not repeat an implausible user name: %j', async (name) => {
    const recipient = 'named@example.com';
    await postMail(app, recipient, name);
    const mail = await server.next(recipient);
    expect(mail.text).toMatch(/^Hello,\n/);
    // Without the random parts, which can contain anything by chance.
    const headers = { ...mail.headers, 'message-id': null, 'content-type': null };
    const written = JSON.stringify([headers, mail.text, mail.html]).replaceAll(mail.token, '');
    expect(written).toContain(recipient);
    expect(written).not.toMatch(/script|Bcc|evil|4930|AAAA/i);
  });

  it('cannot get a header from a line break in its subject', async () => {
    const recipient = { email: 'subject@example.com', name: null };
    const contents = { text: 'Hello\r\nBcc: mallory@example.com' };
    const { app: nest } = app;
    await nest
      .get(Database)
      .transaction((manager) => nest.get(MailOutbox).post(manager, GREETING, recipient, contents));
    const { headers, subject, raw } = await server.next('subject@example.com');
    expect(headers).not.toHaveProperty('bcc');
    expect(subject).toMatch(/^Hello.*Bcc: mallory@example\.com$/);
    expect(raw).not.toContain('#token=');
  });

  it.each([
    ['that only another version knows', 'test_newer', 'No module defines the mail kind test_newer.'],
    ['with contents of another version', GREETING.kind, "Cannot read properties of undefined (reading 'trim')"],
  ])('of a kind %s waits and does not stop others', async (_, kind, reason) => {
    const recipient = `${kind}@example.com`;
    await app.database.query('INSERT INTO mails (id, kind, recipient, sealed) VALUES ($1, $2, $3, $4)', [
      newId(),
      kind,
      recipient,
      app.app.get(SealedBox).seal('{}'),
    ]);
    await until('the mail was tried', async () => (await outboxOf(app, recipient))[0]?.last_error !== null);
    expect(await outboxOf(app, recipient)).toMatchObject([{ is_waiting: true, is_sent: false, last_error: reason }]);
    expect(log.text).toContain(reason);
    await postMail(app, `after-${recipient}`);
    await server.next(`after-${recipient}`);
  });

  async function waiting(): Promise<number> {
    const [row] = await app.database.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM mails WHERE next_attempt_at IS NOT NULL AND last_error IS NULL`,
    );
    return row?.waiting ?? 0;
  }
});

describe('a queued mail', () => {
  let server: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    const intervals = jest.spyOn(globalThis, 'setInterval').mockImplementation(() => setTimeout(() => undefined, 0));
    // Two connections, besides the two that are reserved for session lookups.
    app = await TestApp.start({ env: { SMTP_URL: server.url, DB_POOL_MAX: '4' } });
    intervals.mockRestore();
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('is sent when its transaction commits, before the next poll', async () => {
    const database = app.app.get(Database);
    // Bound to the context outside the transaction, in which a second connection is an error.
    const queryOutside = AsyncResource.bind(() => database.query('SELECT 1', []));
    await database.transaction(async (manager) => {
      const recipient = { email: 'ada@example.com', name: null };
      await app.app.get(MailOutbox).post(manager, verifyEmail, recipient, { token: 'anything' });
      // A worker that claims mails too early takes the only other connection before this query and finds no mail.
      await queryOutside();
    });
    expect((await server.next('ada@example.com')).token).toBe('anything');
  });

  it('leaves as soon as a running delivery ends', async () => {
    let release = (): void => undefined;
    server.delay = new Promise((resolve) => (release = resolve));
    const before = server.attempts;
    for (let index = 0; index < 5; index += 1) await postMail(app, `running-${index}@example.com`);
    await until('five mails are being sent', () => server.attempts === before + 5);
    const token = await postMail(app, 'waiting@example.com');
    release();
    expect((await server.next('waiting@example.com')).token).toBe(token);
  });
});
