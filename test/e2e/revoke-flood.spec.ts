import { Agent } from 'node:http';
import { send } from '../../bench/support/client.js';
import { newId } from '../../src/common/id.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { decodeToken, forgeToken } from '../support/forge-token.js';
import { TestApp } from '../support/test-app.js';

const USERS = 1_000;
const SESSIONS = 10;
/** How many users lose their sessions at the same time. */
const PARALLEL = 8;

interface Person {
  readonly userId: string;
  readonly tokens: readonly string[];
}

/** Users with sessions and access tokens, made past the application: a sign-in for each would take minutes. */
async function insertPeople(app: TestApp, genuine: string): Promise<Person[]> {
  const { claims } = decodeToken(genuine);
  const people = Array.from({ length: USERS }, () => ({
    userId: newId(),
    sessionIds: Array.from({ length: SESSIONS }, newId),
  }));
  const userIds = people.map(({ userId }) => userId);
  await app.database.query(
    `INSERT INTO users (id, email, password_hash) SELECT id, id || '@example.com', 'none' FROM unnest($1::uuid[]) AS id`,
    [userIds],
  );
  await app.database.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, idle_expires_at, expires_at)
     SELECT id, user_id, decode(repeat('00', 32), 'hex'), now() + interval '1 hour', now() + interval '1 hour'
       FROM unnest($1::uuid[], $2::uuid[]) AS session (id, user_id)`,
    [people.flatMap(({ sessionIds }) => sessionIds), userIds.flatMap((id) => Array<string>(SESSIONS).fill(id))],
  );
  await app.database.query('ANALYZE users, sessions');
  return people.map(({ userId, sessionIds }) => ({
    userId,
    tokens: sessionIds.map((sid) => forgeToken(genuine, { claims: { ...claims, sub: userId, sid } })),
  }));
}

describe('revoking 10,000 sessions while they are used on two instances', () => {
  let instances: [TestApp, TestApp];
  let admin: SignedIn;
  let people: Person[];
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  beforeAll(async () => {
    instances = await TestApp.startTwo();
    admin = await buildSignedIn(instances[0], 'admin');
    people = await insertPeople(instances[0], admin.accessToken);
  });
  afterAll(async () => {
    agent.destroy();
    await instances[0].close();
  });

  /** Uses each session once, half of them on each instance. */
  const use = (tokens: readonly string[], shift: number): Promise<number[]> =>
    Promise.all(
      tokens.map(async (token, i) => {
        const { url } = instances[(i + shift) % 2] ?? instances[0];
        return (await send(agent, new URL('/users/me', url), { token })).status;
      }),
    );

  /** Uses them again and again, so that requests are under way whenever it is that their sessions end. */
  const useUntil = async (ended: AbortSignal, tokens: readonly string[], shift: number): Promise<number[]> => {
    const answers: number[] = [];
    for (let round = 0; !ended.aborted; round++) {
      answers.push(...(await use(tokens, shift + round)));
    }
    return answers;
  };

  const revoke = async ({ userId, tokens: [token = ''] }: Person, turn: number): Promise<number> => {
    const at = instances[turn % 2] ?? instances[0];
    const { body } =
      turn % 4 < 2
        ? await at.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId }).expect(200)
        : await at.as(token).delete('/sessions?scope=all').expect(200);
    return (body as { revoked: number }).revoked;
  };

  it('lets none of them through once its revocation is answered', async () => {
    const [racing, revoked, after]: [number[], number[], number[]] = [[], [], []];
    const turns = people.entries();
    const work = async () => {
      for (const [turn, person] of turns) {
        const ending = new AbortController();
        const used = useUntil(ending.signal, person.tokens, turn);
        revoked.push(await revoke(person, turn));
        ending.abort();
        // By turns on the instance that knew the session a moment ago, and on the other one.
        after.push(...(await use(person.tokens, turn + ((turn >> 2) % 2))));
        racing.push(...(await used));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    expect(revoked).toEqual(Array(USERS).fill(SESSIONS));
    expect(after.filter((status) => status !== 401)).toEqual([]);
    expect(after).toHaveLength(USERS * SESSIONS);
    // They did race: some came before the end of their session, and some after.
    expect(new Set(racing)).toEqual(new Set([200, 401]));
  }, 120_000);
});
