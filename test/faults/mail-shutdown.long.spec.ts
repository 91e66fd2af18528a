import { ChildApp } from '../support/child-app.js';
import { DEFER, MailServer } from '../support/mail-server.js';
import { outboxOf, passLeases, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const MAX_EXIT_MS = 10_000;
/** Several starts of the application, on a busy machine. */
const DELIVERY_TIMEOUT_MS = 30_000;

describe('an application that is stopped while it sends mail', () => {
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
    server.delay = Promise.resolve();
    await child?.kill();
  });

  /** Deliveries do not time out in these tests. */
  const startChild = async () => {
    const env = { DATABASE_URL: direct.database.url, SMTP_URL: server.url, SMTP_TIMEOUT: '1m' };
    return (child = await ChildApp.start(env));
  };

  it('finishes and records a running delivery on SIGTERM', async () => {
    const sending = await startChild();
    let answer: () => void = () => undefined;
    server.delay = new Promise((resolve) => (answer = resolve));
    await postMail(direct, 'ada@example.com');
    await until('the delivery runs', () => server.attempts === 1);
    sending.signal('SIGTERM');
    await until('the process stops listening', async () => !(await isLive(sending)));
    answer();
    expect(await sending.exited).toEqual({ code: 0, signal: null });
    expect((await outboxOf(direct, 'ada@example.com'))[0]).toMatchObject({ is_sent: true, attempts: 1 });
  });

  it('exits on SIGTERM although the mail server never responds', async () => {
    const sending = await startChild();
    server.treat = () => 'hang';
    const before = server.attempts;
    await postMail(direct, 'eve@example.com');
    await until('the delivery hangs', () => server.attempts === before + 1);
    const start = performance.now();
    sending.signal('SIGTERM');
    expect(await sending.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(MAX_EXIT_MS);
  });

  it('delivers every mail despite two kill -9, with one Message-ID per mail', async () => {
    const recipients = Array.from({ length: 60 }, (_, index) => `killed-${index}@example.com`);
    const arrived = () =>
      new Set(server.mails.map(({ recipient }) => recipient).filter((to) => to.startsWith('killed')));
    for (const recipient of recipients) await postMail(direct, recipient);
    for (const enough of [15, 30]) {
      // The server accepts five mails without a response, so that the killed process does not know about them.
      let unanswered = 0;
      server.treat = (_, attempt) => {
        if (attempt % 3 === 0) return DEFER;
        if (arrived().size < enough) return 'take';
        unanswered += 1;
        return 'keep';
      };
      const killed = await startChild();
      await until('five mails are accepted without a response', () => unanswered === 5, DELIVERY_TIMEOUT_MS);
      await killed.kill();
      // No process is sending now, so this affects abandoned claims only.
      await passLeases(direct);
    }
    server.treat = () => 'take';
    await startChild();
    await until('all mails are recorded as sent', async () => (await unsent()) === 0, DELIVERY_TIMEOUT_MS);
    const copies = recipients.map((recipient) => server.to(recipient));
    // Each arrived once, and each of the ten without a response once more.
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

async function isLive(app: ChildApp): Promise<boolean> {
  const answer = await fetch(`${app.url}/health/live`).catch(() => null);
  return answer !== null;
}
