import { setTimeout as sleep } from 'node:timers/promises';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { EventStream } from '../support/event-stream.js';
import { insertPeople, type Person } from '../support/insert-people.js';
import { ProbeStreamsModule } from '../support/probe-streams-module.js';
import { SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';

const USERS = 50;
const SESSIONS_EACH = 10;
const OBSERVED_MS = 10_000;
/** The promise is 2 s on a machine that is not busy. */
const MAX_CLOSE_MS = 10_000;

/** A stream of a session. */
interface Observed {
  readonly closed: Promise<{ readonly at: number; readonly reason: unknown }>;
  isOpen(): boolean;
  answers(): Promise<boolean>;
  close(): void;
}

describe('1,000 event streams and 1,000 WebSockets of 500 sessions on two instances', () => {
  let direct: TestApp;
  let instances: TestApp[];
  let proxies: DatabaseProxy[];
  let admin: SignedIn;
  let people: Person[];
  /** The streams of each session by its ID. */
  const streams = new Map<string, Observed[]>();
  const ended = new Set<string>();

  beforeAll(async () => {
    direct = await TestApp.start();
    admin = await buildSignedIn(direct, 'admin');
    // All streams come from one IP address.
    const env = { MAX_CONNECTIONS_PER_CLIENT: '2000' };
    const pairs = [0, 1].map(() => TestApp.startProxied(direct, { imports: [ProbeStreamsModule], env }));
    const started = await Promise.all(pairs);
    instances = started.map(([app]) => app);
    proxies = started.map(([, proxy]) => proxy);
    people = await insertPeople(direct, admin.accessToken, { users: USERS, sessionsEach: SESSIONS_EACH });
  });
  afterAll(async () => {
    for (const stream of [...streams.values()].flat()) stream.close();
    for (const app of instances) await app.close();
    await direct.close();
  });

  /** Returns the statements per second of both instances. */
  async function statementsPerSecond(): Promise<number[]> {
    const before = proxies.map(({ statements }) => statements);
    await sleep(OBSERVED_MS);
    return proxies.map(({ statements }, i) => ((statements - (before[i] ?? 0)) * 1_000) / OBSERVED_MS);
  }

  const openStreams = () => [...streams.values()].flat().filter((stream) => stream.isOpen());

  it('close after each kind of ending, while the others stay open', async () => {
    const idle = await statementsPerSecond();
    expect(idle).toEqual([0, 0]);
    for (const { sessions } of people) {
      await Promise.all(
        sessions.map(async ({ id, token }) => {
          const open = instances.flatMap((app) => [openEvents(app, token), openSocket(app, token)]);
          streams.set(id, await Promise.all(open));
        }),
      );
    }
    expect(openStreams().length).toBe(USERS * SESSIONS_EACH * 4);
    const busy = await statementsPerSecond();
    const [instance] = instances;
    if (!instance) throw new Error('No instance is running.');
    const asAdmin = instance.as(admin.accessToken);
    const endings: [what: string, reason: string, end: (person: Person) => Promise<unknown>, ends: Ends][] = [
      [
        'revoke one',
        'session_revoked',
        ({ sessions: [one, other] }) =>
          instance
            .as(other?.token ?? '')
            .delete(`/sessions/${one?.id}`)
            .expect(204),
        ({ sessions }) => sessions.slice(0, 1),
      ],
      [
        'revoke others',
        'session_revoked',
        ({ sessions: [own] }) =>
          instance
            .as(own?.token ?? '')
            .delete('/sessions?scope=others')
            .expect(200),
        ({ sessions }) => sessions.slice(1),
      ],
      [
        'revoke all',
        'session_revoked',
        ({ sessions: [own] }) =>
          instance
            .as(own?.token ?? '')
            .delete('/sessions?scope=all')
            .expect(200),
        ({ sessions }) => sessions,
      ],
      [
        'revoke in bulk',
        'session_revoked',
        ({ userId }) => asAdmin.post('/admin/sessions/revoke').send({ userId }).expect(200),
        ({ sessions }) => sessions,
      ],
      [
        'deactivate',
        'user_inactive',
        ({ userId }) => asAdmin.patch(`/admin/users/${userId}`).send({ isActive: false }).expect(200),
        ({ sessions }) => sessions,
      ],
      [
        'delete',
        'session_not_found',
        ({ userId }) => asAdmin.delete(`/admin/users/${userId}`).expect(204),
        ({ sessions }) => sessions,
      ],
      [
        'expire',
        'session_expired',
        ({ userId }) =>
          direct.database.query('UPDATE sessions SET expires_at = now(), idle_expires_at = now() WHERE user_id = $1', [
            userId,
          ]),
        ({ sessions }) => sessions,
      ],
    ];
    const slowest: Record<string, number> = {};
    // Five users for each kind, at different moments of the check interval.
    for (const [turn, person] of people.slice(0, endings.length * 5).entries()) {
      const [what, reason, end, ends] = endings[turn % endings.length] ?? [];
      if (!what || !end || !ends) continue;
      await end(person);
      const endedAt = performance.now();
      const affected = ends(person).flatMap(({ id }) => {
        ended.add(id);
        return streams.get(id) ?? [];
      });
      const closes = await Promise.all(affected.map(({ closed }) => closed));
      expect(new Set(closes.map((close) => close.reason))).toEqual(new Set([reason]));
      const closeMs = Math.max(...closes.map(({ at }) => at - endedAt));
      slowest[what] = Math.max(slowest[what] ?? 0, Math.round(closeMs));
    }
    const remaining = [...streams].filter(([id]) => !ended.has(id)).flatMap(([, open]) => open);
    expect(openStreams().length).toBe(remaining.length);
    expect((await Promise.all(remaining.map((stream) => stream.answers()))).filter((answers) => !answers)).toEqual([]);
    const perSecond = (figures: readonly number[]) => figures.map((figure) => figure.toFixed(1)).join(' and ');
    console.log(
      [
        `Slowest close by ending, in ms: ${JSON.stringify(slowest)}`,
        `Streams closed: ${ended.size * 4}. Streams still open: ${openStreams().length} of ${remaining.length}.`,
        `Statements per second of both instances: ${perSecond(idle)} while no stream is open,`,
        `${perSecond(busy)} while ${streams.size * 4} streams of ${streams.size} sessions are open.`,
      ].join('\n'),
    );
    expect(Math.max(...Object.values(slowest))).toBeLessThan(MAX_CLOSE_MS);
    // A check per second, and a write of the last-seen times at most every five.
    expect(Math.max(...busy)).toBeLessThanOrEqual(2);
  }, 600_000);
});

type Ends = (person: Person) => Person['sessions'];

async function openEvents(app: TestApp, token: string): Promise<Observed> {
  const stream = await EventStream.open(app, '/probe-events', token);
  const closed = stream.ended.then(() => {
    const problem = stream.last('closed') as { readonly code?: string } | undefined;
    return { at: performance.now(), reason: problem?.code };
  });
  // An idle event stream can only show that it is open.
  const isOpen = () => stream.isOpen;
  return { closed, isOpen, answers: () => Promise.resolve(isOpen()), close: () => stream.close() };
}

async function openSocket(app: TestApp, token: string): Promise<Observed> {
  const client = await SocketClient.open(app, '/probe-chat', { token });
  return {
    closed: client.closed.then(({ code, reason }) => ({
      at: performance.now(),
      reason: code === 4401 ? reason : `${code} ${reason}`,
    })),
    isOpen: () => client.socket.readyState === client.socket.OPEN,
    answers: async () => (await client.ask('ping')) === 'pong',
    close: () => client.socket.terminate(),
  };
}
