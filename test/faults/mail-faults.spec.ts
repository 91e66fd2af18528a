import { Database } from '../../src/platform/database/database.js';
import { defineMail } from '../../src/platform/mail/define-mail.js';
import { MailOutbox } from '../../src/platform/mail/mail-outbox.js';
import { buildSignedIn } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { DEFER, MailServer, type Treatment } from '../support/mail-server.js';
import { outboxOf, passBackoff, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const WITHOUT_LINK = defineMail('test_without_link', () => ({ subject: 'News', paragraphs: ['News.'] }));

describe('a failing mail server', () => {
  const log = new LogLines();
  let server: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    // A long timeout, because a delivery that times out after the server accepted the mail is repeated.
    app = await TestApp.start({ log, env: { SMTP_URL: server.url, SMTP_TIMEOUT: '1m' } });
  });
  beforeEach(() => {
    server.treat = () => 'take';
    server.rejection = undefined;
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const rowOf = async (recipient: string) => (await outboxOf(app, recipient))[0];
  const failure = (recipient: string) => failureOf(app, recipient);

  it.each<[Treatment, RegExp]>([
    [DEFER, /451 4\.3\.0 Try again later/],
    ['drop', /closed/],
  ])('(%s) gets the mail again after some seconds, exactly once', async (treatment, reason) => {
    const recipient = `retried-${treatment.slice(0, 4).trim()}@example.com`;
    const failing = server.attempts + 1;
    server.treat = (_, attempt) => (attempt === failing ? treatment : 'take');
    const begin = performance.now();
    const token = await postMail(app, recipient);
    await failure(recipient);
    const row = await rowOf(recipient);
    // The time since the failure and the remaining wait add up to at least the backoff.
    const since = (performance.now() - begin) / 1_000;
    expect(row).toMatchObject({ attempts: 1, is_sent: false, is_waiting: true });
    expect(row?.last_error).toMatch(reason);
    expect((row?.due_in ?? 0) + since).toBeGreaterThan(3);
    expect(row?.due_in).toBeLessThan(7);
    await passBackoff(app);
    expect((await server.next(recipient)).token).toBe(token);
    await until('the mail is recorded as sent', async () => (await rowOf(recipient))?.is_sent === true);
    expect(await rowOf(recipient)).toMatchObject({ attempts: 2, last_error: null, sealed: null });
    expect(server.to(recipient)).toHaveLength(1);
  });

  it('that never responds delays no request and uses no database connection', async () => {
    const ada = await buildSignedIn(app);
    await server.next(ada.email);
    server.treat = () => 'hang';
    const before = server.attempts;
    const recipients = Array.from({ length: 8 }, (_, index) => `hanging-${index}@example.com`);
    for (const recipient of recipients) await postMail(app, recipient);
    await until('five deliveries hang', () => server.attempts === before + 5);
    // The worker may still look for further mails.
    await until('no connection is in use', () => {
      const { total, idle, waiting } = app.app.get(Database).pool();
      return total - idle + waiting === 0;
    });
    await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(server.attempts).toBe(before + 5);
    // The next deliveries start as soon as these end.
    server.hangUp();
    await until('all deliveries have started', () => server.attempts >= before + 8);
    server.treat = () => 'take';
    server.hangUp();
    for (const recipient of recipients) await failure(recipient);
    await passBackoff(app);
    await Promise.all(recipients.map((recipient) => server.next(recipient)));
  });

  it('that rejects the recipient gets the mail once, and its contents are kept', async () => {
    server.rejection = () => '550 5.1.1 No such user';
    await postMail(app, 'unknown@example.com');
    await failure('unknown@example.com');
    const row = await rowOf('unknown@example.com');
    expect(row).toMatchObject({ attempts: 1, is_waiting: false, is_sent: false });
    expect(row?.sealed).not.toBeNull();
    expect(log.records).toContainEqual(expect.objectContaining({ level: 'error', msg: 'Gave up sending a mail.' }));
  });

  it('that denies relaying gets the mail again, because an operator can fix that', async () => {
    server.rejection = () => '554 5.7.1 Relay access denied';
    await postMail(app, 'relay@example.com');
    await failure('relay@example.com');
    expect(await rowOf('relay@example.com')).toMatchObject({ attempts: 1, is_waiting: true });
    server.rejection = undefined;
    await passBackoff(app);
    await server.next('relay@example.com');
  });

  it('that fails for two days does not get the mail again', async () => {
    server.treat = () => DEFER;
    const recipient = { email: 'old@example.com', name: null };
    await app.app
      .get(Database)
      .transaction((manager) => app.app.get(MailOutbox).post(manager, WITHOUT_LINK, recipient, {}));
    await failure('old@example.com');
    await app.database.query(
      `UPDATE mails SET created_at = now() - interval '49 hours' WHERE recipient = 'old@example.com'`,
    );
    await passBackoff(app);
    await until('the worker gives up', async () => (await rowOf('old@example.com'))?.is_waiting === false);
    expect(await rowOf('old@example.com')).toMatchObject({
      attempts: 2,
      is_sent: false,
      last_error: expect.stringContaining('451 4.3.0'),
    });
  });

  it('does not get a mail whose link has expired meanwhile', async () => {
    server.treat = () => DEFER;
    await postMail(app, 'late@example.com');
    await failure('late@example.com');
    await app.database.query(
      `UPDATE mails SET created_at = now() - interval '61 minutes' WHERE recipient = 'late@example.com'`,
    );
    server.treat = () => 'take';
    await passBackoff(app);
    await until('the worker gives up', async () => (await rowOf('late@example.com'))?.is_waiting === false);
    const reason = 'The link expired before the mail was sent.';
    expect(await rowOf('late@example.com')).toMatchObject({ attempts: 2, is_sent: false, last_error: reason });
    expect(server.to('late@example.com')).toEqual([]);
    expect(log.records).toContainEqual(expect.objectContaining({ level: 'error', kind: 'reset_password', reason }));
  });

  it('that quotes recipient and link puts neither into the table nor the log', async () => {
    server.treat = ({ recipient, link }) => `451 4.7.1 <${recipient}> must not be sent ${link}`;
    const token = await postMail(app, 'quoted@example.com');
    await failure('quoted@example.com');
    const row = await rowOf('quoted@example.com');
    expect(row?.last_error).toMatch(/<\[email\]> must not be sent .*#token=\[token\]/);
    expect(log.text).not.toContain(token);
    expect(log.text).not.toContain('quoted@example.com');
  });
});

describe('a silent mail server', () => {
  const TIMEOUT_SECONDS = 1;
  let server: MailServer;
  let app: TestApp;
  beforeEach(async () => {
    server = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: server.url, SMTP_TIMEOUT: `${TIMEOUT_SECONDS}s` } });
  });
  afterEach(async () => {
    await app.close();
    await server.close();
  });

  it.each<[string, () => void]>([
    ['that does not respond to a mail', () => (server.treat = () => 'hang')],
    ['that sends no greeting', () => (server.isSilent = true)],
  ])('%s times out, and the next delivery starts', async (_, fail) => {
    fail();
    // More mails than parallel deliveries.
    const recipients = Array.from({ length: 6 }, (__, index) => `unheard-${index}@example.com`);
    for (const recipient of recipients) await postMail(app, recipient);
    for (const recipient of recipients) await failureOf(app, recipient);
    const rows = [];
    for (const recipient of recipients) rows.push((await outboxOf(app, recipient))[0]);
    expect(rows.map((row) => row?.is_sent)).toEqual(rows.map(() => false));
    // A busy machine may also be too slow for an earlier step, such as the greeting.
    for (const row of rows) expect(row?.last_error).toMatch(/longer than 1000 ms|Timeout|Greeting/);
    expect(server.mails).toEqual([]);
  });
});

describe('an outage of the database', () => {
  const log = new LogLines();
  let server: MailServer;
  let direct: TestApp;
  let app: TestApp;
  let proxy: DatabaseProxy;
  beforeAll(async () => {
    server = await MailServer.start();
    direct = await TestApp.start();
    [app, proxy] = await TestApp.startProxied(direct, { log, env: { SMTP_URL: server.url, SMTP_TIMEOUT: '1m' } });
  });
  afterAll(async () => {
    await app.close();
    await direct.close();
    await server.close();
  });

  it('does not repeat a mail that was just sent, and is logged once', async () => {
    const outages = () =>
      log.records.filter(({ level, msg }) => level === 'warn' && String(msg).startsWith('Database unavailable'));
    const failures = () => log.records.filter(({ msg }) => String(msg).startsWith('Database unavailable'));

    server.treat = () => {
      void proxy.rejectConnections();
      return 'take';
    };
    await postMail(app, 'ada@example.com');
    await server.next('ada@example.com');
    await until('the outage lasts for several polls', () => failures().length > 3);
    await proxy.heal();
    server.treat = () => 'take';
    await until(
      'the mail is recorded as sent',
      async () => (await outboxOf(direct, 'ada@example.com'))[0]?.is_sent === true,
    );
    await postMail(direct, 'eve@example.com');
    await server.next('eve@example.com');
    expect(server.to('ada@example.com')).toHaveLength(1);
    expect(outages()).toHaveLength(1);
  });
});

function failureOf(app: TestApp, recipient: string): Promise<void> {
  return until(
    'the failure is recorded',
    async () => typeof (await outboxOf(app, recipient))[0]?.last_error === 'string',
  );
}
