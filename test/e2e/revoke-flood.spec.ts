import { Agent } from 'node:http';
import { send } from '../../bench/support/client.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { insertPeople, type Person } from '../support/insert-people.js';
import { rounds } from '../support/rounds.js';
import { TestApp } from '../support/test-app.js';

const USERS = rounds(60, 1_000);
const SESSIONS = 10;
/** How many users' sessions are revoked at the same time. */
const PARALLEL = 8;

describe('revoking sessions while they are used on two instances', () => {
  let instances: [TestApp, TestApp];
  let admin: SignedIn;
  let people: Person[];
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  /** Separate connections, so that revocations do not queue behind the requests that they affect. */
  const revocationAgent = new Agent({ keepAlive: true });
  beforeAll(async () => {
    instances = await TestApp.startTwo();
    admin = await buildSignedIn(instances[0], 'admin');
    people = await insertPeople(instances[0], admin.accessToken, { users: USERS, sessionsEach: SESSIONS });
  });
  afterAll(async () => {
    for (const connections of [agent, revocationAgent]) connections.destroy();
    await instances[0].close();
  });

  const urlOf = (path: string, turn: number) => new URL(path, (instances[turn % 2] ?? instances[0]).url);

  /** Uses each session once, half of them on each instance. */
  const use = ({ sessions }: Person, shift: number): Promise<number>[] =>
    sessions.map(async ({ token }, i) => (await send(agent, urlOf('/users/me', i + shift), { token })).status);

  /** Keeps using the sessions until one is rejected, so that requests are running when the revocation commits. */
  const keepUsing = async (used: Promise<number>[], person: Person, ended: Promise<unknown>): Promise<number[]> => {
    const failure = new AbortController();
    ended.catch(() => failure.abort());
    const answers = await Promise.all(used);
    for (let turn = 1; !answers.includes(401) && !failure.signal.aborted; turn++) {
      answers.push(...(await Promise.all(use(person, turn))));
    }
    return answers;
  };

  const revoke = async ({ userId, sessions: [first] }: Person, turn: number): Promise<number> => {
    const { status, body } =
      turn % 4 < 2
        ? await send(revocationAgent, urlOf('/admin/sessions/revoke', turn), {
            method: 'POST',
            token: admin.accessToken,
            json: { userId },
          })
        : await send(revocationAgent, urlOf('/sessions?scope=all', turn), {
            method: 'DELETE',
            token: first?.token ?? '',
          });
    if (status !== 200) throw new Error(`${status} ${body}`);
    return (JSON.parse(body) as { revoked: number }).revoked;
  };

  it('rejects every request that starts after the response of the revocation', async () => {
    const [racing, revoked, after]: [number[][], number[], number[]] = [[], [], []];
    const turns = people.entries();
    const work = async () => {
      for (const [turn, person] of turns) {
        const used = use(person, turn);
        // Revoke some sessions after their first use, and some during it.
        if (turn % 3 === 0) await Promise.race(used);
        const ended = revoke(person, turn);
        const raced = keepUsing(used, person, ended);
        revoked.push(await ended);
        // Alternate between the instance that has just used the session and the other one.
        after.push(...(await Promise.all(use(person, turn + ((turn >> 2) % 2)))));
        racing.push(await raced);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    expect(revoked).toEqual(Array(USERS).fill(SESSIONS));
    expect(after.filter((status) => status !== 401)).toEqual([]);
    expect(after).toHaveLength(USERS * SESSIONS);
    // The race took place: for each user, some requests came before the revocation and some after it.
    expect(racing.filter((answers) => !answers.includes(401))).toEqual([]);
    expect(new Set(racing.flat())).toEqual(new Set([200, 401]));
  }, 300_000);
});
