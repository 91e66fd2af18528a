import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { LogLines } from '../support/log-lines.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { DEFER, MailServer, type Treatment } from '../support/mail-server.js';
import { outboxOf, passBackoff, passLeases, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Milliseconds that an end of the process may take. */
const BOUND = 10_000;
/** Milliseconds that a few starts of the application may take on a busy machine. */
const PATIENCE = 30_000;

describe('a mail server that fails', () => {
  const log = new LogLines();
  let server: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    // Nothing here waits for it: whoever gives up on a server that has taken the mail sends it again.
    app = await TestApp.start({ log, env: { SMTP_URL: server.url, SMTP_TIMEOUT: '1m' } });
  });
  beforeEach(() => {
    server.treat = () => 'take';
    server.refusal = undefined;
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
  ])('(%s) gets the mail again some seconds later, and once', async (treatment, reason) => {
    const recipient = `retried-${treatment.slice(0, 4).trim()}@example.com`;
    const failing = server.attempts + 1;
    server.treat = (_, attempt) => (attempt === failing ? treatment : 'take');
    const begin = performance.now();
    const token = await postMail(app, recipient);
    await failure(recipient);
    const row = await rowOf(recipient);
    // At least as long ago as the failure: together they are at least the wait.
    const since = (performance.now() - begin) / 1_000;
    expect(row).toMatchObject({ attempts: 1, is_sent: false, is_waiting: true });
    expect(row?.last_error).toMatch(reason);
    expect((row?.due_in ?? 0) + since).toBeGreaterThan(3);
    expect(row?.due_in).toBeLessThan(7);
    await passBackoff(app);
    expect((await server.next(recipient)).token).toBe(token);
    await until('it is noted as sent', async () => (await rowOf(recipient))?.is_sent === true);
    expect(await rowOf(recipient)).toMatchObject({ attempts: 2, last_error: null, sealed: null });
    expect(server.to(recipient)).toHaveLength(1);
  });

  it('and never answers costs no request anything, and holds no connection of the database', async () => {
    const ada = await buildSignedIn(app);
    await server.next(ada.email);
    server.treat = () => 'hang';
    const before = server.attempts;
    const recipients = Array.from({ length: 8 }, (_, index) => `hanging-${index}@example.com`);
    for (const recipient of recipients) await postMail(app, recipient);
    await until('five deliveries hang', () => server.attempts === before + 5);
    const { total, idle, waiting } = app.app.get(Database).pool();
    expect([total - idle, waiting]).toEqual([0, 0]);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(server.attempts).toBe(before + 5);
    // As soon as they end, the next ones begin.
    server.hangUp();
    await until('all were tried', () => server.attempts === before + 8);
    server.treat = () => 'take';
    server.hangUp();
    for (const recipient of recipients) await failure(recipient);
    await passBackoff(app);
    await Promise.all(recipients.map((recipient) => server.next(recipient)));
  });

  it('and does not know the recipient gets the mail once; its contents stay for an operator', async () => {
    server.refusal = () => '550 5.1.1 No such user';
    await postMail(app, 'unknown@example.com');
    await failure('unknown@example.com');
    const row = await rowOf('unknown@example.com');
    expect(row).toMatchObject({ attempts: 1, is_waiting: false, is_sent: false });
    expect(row?.sealed).not.toBeNull();
    expect(log.records).toContainEqual(expect.objectContaining({ level: 'error', msg: 'A mail is given up' }));
  });

  it('and refuses to relay is asked again: an operator can mend that', async () => {
    server.refusal = () => '554 5.7.1 Relay access denied';
    await postMail(app, 'relay@example.com');
    await failure('relay@example.com');
    expect(await rowOf('relay@example.com')).toMatchObject({ attempts: 1, is_waiting: true });
    server.refusal = undefined;
    await passBackoff(app);
    await server.next('relay@example.com');
  });

  it('and does so for two days is not asked any more', async () => {
    server.treat = () => DEFER;
    await postMail(app, 'old@example.com');
    await failure('old@example.com');
    await app.database.query(
      `UPDATE mails SET created_at = now() - interval '49 hours' WHERE recipient = 'old@example.com'`,
    );
    await passBackoff(app);
    await until('it is given up', async () => (await rowOf('old@example.com'))?.is_waiting === false);
    expect(await rowOf('old@example.com')).toMatchObject({ attempts: 2, is_sent: false });
  });

  it('and quotes the address and the link puts neither into the table nor into the log', async () => {
    server.treat = ({ recipient, link }) => `451 4.7.1 <${recipient}> must not be sent ${link}`;
    const token = await postMail(app, 'quoted@example.com');
    await failure('quoted@example.com');
    const row = await rowOf('quoted@example.com');
    expect(row?.last_error).toMatch(/<\[address\]> must not be sent .*#token=\[token\]/);
    expect(log.text).not.toContain(token);
    expect(log.text).not.toContain('quoted@example.com');
  });
});

describe('a mail server that says nothing', () => {
  /** Seconds: every delivery of these tests waits for it. */
  const TIMEOUT = 1;
  let server: MailServer;
  let app: TestApp;
  beforeEach(async () => {
    server = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: server.url, SMTP_TIMEOUT: `${TIMEOUT}s` } });
  });
  afterEach(async () => {
    await app.close();
    await server.close();
  });

  it.each<[string, RegExp, () => void]>([
    ['to a mail', /longer than 1000 ms|Timeout/, () => (server.treat = () => 'hang')],
    ['at all, not even to greet', /Greeting|longer than 1000 ms/, () => (server.isSilent = true)],
  ])('%s is given up on in bounded time, and the next one begins', async (_, reason, fail) => {
    fail();
    // More than are on their way at once.
    const recipients = Array.from({ length: 6 }, (__, index) => `unheard-${index}@example.com`);
    for (const recipient of recipients) await postMail(app, recipient);
    for (const recipient of recipients) await failureOf(app, recipient);
    const rows = [];
    for (const recipient of recipients) rows.push((await outboxOf(app, recipient))[0]);
    expect(rows.map((row) => row?.is_sent)).toEqual(rows.map(() => false));
    for (const row of rows) expect(row?.last_error).toMatch(reason);
    expect(server.mails).toEqual([]);
  });
});

describe('a database that goes away', () => {
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

  it('does not make a mail come twice that was sent just then, and is told of once', async () => {
    const outages = () =>
      log.records.filter(({ level, msg }) => level === 'warn' && String(msg).startsWith('Database unavailable'));
    const failures = () => log.records.filter(({ msg }) => String(msg).startsWith('Database unavailable'));

    server.treat = () => {
      void proxy.refuse();
      return 'take';
    };
    await postMail(app, 'ada@example.com');
    await server.next('ada@example.com');
    await until('it was away for several looks', () => failures().length > 3);
    await proxy.heal();
    server.treat = () => 'take';
    await until('it is noted as sent', async () => (await outboxOf(direct, 'ada@example.com'))[0]?.is_sent === true);
    await postMail(direct, 'eve@example.com');
    await server.next('eve@example.com');
    expect(server.to('ada@example.com')).toHaveLength(1);
    expect(outages()).toHaveLength(1);
  });
});

describe('the end of an application that sends', () => {
  let server: MailServer;
  let direct: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    direct = await TestApp.start();
  });
  afterAll(async () => {
    await direct.close();
    await server.close();
  });

  let child: ChildApp | undefined;
  afterEach(async () => {
    server.treat = () => 'take';
    server.hold = Promise.resolve();
    await child?.kill();
  });

  /** No delivery ends by its bound here. */
  const startChild = async () => {
    const env = { DATABASE_URL: direct.database.url, SMTP_URL: server.url, SMTP_TIMEOUT: '1m' };
    return (child = await ChildApp.start(env));
  };

  it('on SIGTERM, a mail that is on its way is finished and noted', async () => {
    const sending = await startChild();
    let answer: () => void = () => undefined;
    server.hold = new Promise((resolve) => (answer = resolve));
    await postMail(direct, 'ada@example.com');
    await until('it is on its way', () => server.attempts === 1);
    sending.signal('SIGTERM');
    await until('it does not listen any more', async () => !(await isLive(sending)));
    answer();
    expect(await sending.exited).toEqual({ code: 0, signal: null });
    expect((await outboxOf(direct, 'ada@example.com'))[0]).toMatchObject({ is_sent: true, attempts: 1 });
  });

  it('on SIGTERM, a mail server that never answers holds nothing up', async () => {
    const sending = await startChild();
    server.treat = () => 'hang';
    const before = server.attempts;
    await postMail(direct, 'eve@example.com');
    await until('it hangs', () => server.attempts === before + 1);
    const start = performance.now();
    sending.signal('SIGTERM');
    expect(await sending.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(BOUND);
  });

  it('by kill -9, twice, while every third mail is refused: all arrive, and what came twice says so', async () => {
    const recipients = Array.from({ length: 60 }, (_, index) => `killed-${index}@example.com`);
    const arrived = () =>
      new Set(server.mails.map(({ recipient }) => recipient).filter((to) => to.startsWith('killed')));
    for (const recipient of recipients) await postMail(direct, recipient);
    for (const enough of [15, 30]) {
      // Of five at once, what is taken then is never answered: whoever is killed does not know of it.
      let unanswered = 0;
      server.treat = (_, attempt) => {
        if (attempt % 3 === 0) return DEFER;
        if (arrived().size < enough) return 'take';
        unanswered += 1;
        return 'keep';
      };
      const killed = await startChild();
      await until('five are taken and not answered', () => unanswered === 5, PATIENCE);
      await killed.kill();
      // While nobody sends: of one who does, this would void the claims.
      await passLeases(direct);
    }
    server.treat = () => 'take';
    await startChild();
    await until('all are noted as sent', async () => (await unsent()) === 0, PATIENCE);
    const copies = recipients.map((recipient) => server.to(recipient));
    // Each once, and what was not answered once more.
    expect(copies.flat()).toHaveLength(recipients.length + 10);
    expect(copies.map((same) => new Set(same.map(({ messageId }) => messageId)).size)).toEqual(copies.map(() => 1));
  });

  async function unsent(): Promise<number> {
    const [row] = await direct.database.query<{ unsent: number }>(
      `SELECT count(*)::int AS unsent FROM mails WHERE sent_at IS NULL AND recipient LIKE 'killed%'`,
    );
    return row?.unsent ?? 0;
  }
});

function failureOf(app: TestApp, recipient: string): Promise<void> {
  return until('the failure is noted', async () => typeof (await outboxOf(app, recipient))[0]?.last_error === 'string');
}

async function isLive(app: ChildApp): Promise<boolean> {
  const answer = await fetch(`${app.url}/health/live`).catch(() => null);
  return answer !== null;
}
