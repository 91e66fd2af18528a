import { Database, type EntityManager } from '../../src/platform/database/database.js';
import { MailRepository, type ClaimedMail } from '../../src/platform/mail/mail.repository.js';
import { outboxOf, passLeases, postMail } from '../support/post-mail.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const RECIPIENTS = ['ada@example.com', 'eve@example.com', 'max@example.com'];
const LEASE_MS = 60_000;

describe('claiming mails', () => {
  /** Instances without a mail server, so that only the tests claim mails. */
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo({ env: { DB_STATEMENT_TIMEOUT: '1m' } })));
  beforeEach(async () => {
    await app.database.query('TRUNCATE mails');
    for (const recipient of RECIPIENTS) await postMail(app, recipient);
  });
  afterAll(() => app.close());

  /** Claims up to `limit` mails in a transaction. Commits after `beforeCommit`. Returns their recipients. */
  const claim = ({ app: worker }: TestApp, limit: number, beforeCommit = () => Promise.resolve()): Promise<string[]> =>
    worker.get(Database).transaction(async (manager) => {
      const mails = await worker.get(MailRepository).claim(manager, { limit, leaseMs: LEASE_MS });
      await beforeCommit();
      return mails.map(({ recipient }) => recipient).sort();
    });

  /** Lets one worker claim two mails. Before it commits, another one tries to claim all three. */
  const claimTwice = async () => {
    let second: Promise<string[]> = Promise.resolve([]);
    let isAnswered = false;
    let hadToWait = false;
    const first = await claim(app, 2, async () => {
      second = claim(other, 3).finally(() => (isAnswered = true));
      await until('the second worker has its answer or waits', async () => {
        hadToWait = !isAnswered && (await app.database.waiting()).length > 0;
        return isAnswered || hadToWait;
      });
    });
    return { first, second: await second, hadToWait };
  };

  it('gives each mail to one worker when two claim at the same time', async () => {
    const { first, second } = await claimTwice();
    expect(first).toHaveLength(2);
    expect([...first, ...second].sort()).toEqual(RECIPIENTS);
  });

  it('does not make a worker wait for another one’s claim', async () => {
    expect((await claimTwice()).hadToWait).toBe(false);
  });

  it('keeps a claimed mail from other workers until its lease ends', async () => {
    expect(await claim(app, 2)).toHaveLength(2);
    expect(await claim(app, 3)).toHaveLength(1);
    expect(await claim(app, 3)).toEqual([]);
    await passLeases(app);
    expect(await claim(app, 3)).toEqual(RECIPIENTS);
  });

  describe('then failing to send it', () => {
    const run = <T>(work: (mails: MailRepository, manager: EntityManager) => Promise<T>): Promise<T> =>
      app.app.get(Database).run((manager) => work(app.app.get(MailRepository), manager));
    const claimOne = async () => {
      const [mail] = await run((mails, manager) => mails.claim(manager, { limit: 1, leaseMs: LEASE_MS }));
      if (!mail) throw new Error('There is no mail to claim.');
      return mail;
    };
    const fail = (mail: ClaimedMail) =>
      run((mails, manager) => mails.markFailed(manager, mail, { reason: 'too late', retryInMs: 0 }));

    it('changes nothing if another worker has claimed the mail since', async () => {
      await app.database.query('DELETE FROM mails WHERE recipient <> $1', [RECIPIENTS[0]]);
      const earlier = await claimOne();
      await passLeases(app);
      await claimOne();
      await fail(earlier);
      expect(await outboxOf(app, earlier.recipient)).toMatchObject([{ attempts: 2, last_error: null }]);
    });

    it('changes nothing if the mail was sent', async () => {
      const mail = await claimOne();
      await run((mails, manager) => mails.markSent(manager, mail.id));
      await fail(mail);
      expect(await outboxOf(app, mail.recipient)).toMatchObject([{ last_error: null, is_waiting: false }]);
    });
  });
});
