import type { Config } from '../config/env.js';
import { User } from '../users/user.entity.js';
import type { Database, EntityManager } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import type { GuardedSession, SessionAccessRepository } from './session-access.repository.js';
import { SessionLookup } from './session.lookup.js';

/** One lookup that has begun, and what lets it end. */
interface Load {
  readonly ids: readonly string[];
  answer(): void;
  fail(error: Error): void;
}

const sessionOf = (id: string): GuardedSession => ({
  id,
  user: new User(),
  revokedReason: null,
  isExpired: false,
  isLastSeenStale: false,
});

/** A lookup over a repository that answers when the test says so; it knows every id that does not begin with `no-`. */
function heldLookup({ poolMax = 10, connectTimeout = 5_000 } = {}) {
  const loads: Load[] = [];
  const database = {
    run: <T>(fn: (manager: EntityManager) => Promise<T>) => fn({} as EntityManager),
  } as Database;
  const sessions = {
    findForGuard: (_manager: EntityManager, ids: readonly string[]) =>
      new Promise<GuardedSession[]>((resolve, reject) =>
        loads.push({
          ids,
          answer: () => resolve(ids.filter((id) => !id.startsWith('no-')).map(sessionOf)),
          fail: reject,
        }),
      ),
  } as SessionAccessRepository;
  const config = { database: { poolMax, connectTimeout } } as Config;
  return { lookup: new SessionLookup(config, database, sessions), loads };
}

/** Lets everything that is already decided happen. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Lets a lookup that is under way become slow: 250 ms. */
async function patienceEnds(): Promise<void> {
  jest.advanceTimersByTime(250);
  await settled();
}

/** Answers every load that has begun or begins, until none is left. */
async function answerAll(loads: readonly Load[]): Promise<void> {
  for (const load of loads) {
    load.answer();
    await settled();
  }
}

/** Two lookups that are under way, for `x` and `y`: all that may be at once. */
async function underWay(lookup: SessionLookup): Promise<Promise<GuardedSession | null>[]> {
  const answers = [lookup.find('x')];
  await settled();
  answers.push(lookup.find('y'));
  await settled();
  return answers;
}

describe('the lookup of sessions', () => {
  // No lookup is slow because this process had to wait for a processor.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it('asks in the same turn of the event loop when nothing is under way', async () => {
    const { lookup, loads } = heldLookup();
    const answer = lookup.find('a');
    await settled();
    expect(loads.map((load) => load.ids)).toEqual([['a']]);
    await answerAll(loads);
    await answer;
  });

  it('makes whoever asks alone wait for nothing but a lookup of their own', async () => {
    const { lookup, loads } = heldLookup();
    for (let i = 0; i < 100; i++) {
      const answer = lookup.find('a');
      await settled();
      expect(loads).toHaveLength(i + 1);
      loads[i]?.answer();
      await answer;
    }
  });

  it('gathers what arrives in one turn of the event loop into one statement', async () => {
    const { lookup, loads } = heldLookup();
    const answers = ['a', 'b', 'c'].map((id) => lookup.find(id));
    await settled();
    expect(loads.map((load) => load.ids)).toEqual([['a', 'b', 'c']]);
    await answerAll(loads);
    expect((await Promise.all(answers)).map((session) => session?.id)).toEqual(['a', 'b', 'c']);
  });

  it('gathers what arrives while lookups are under way into one statement', async () => {
    const { lookup, loads } = heldLookup();
    const first = await underWay(lookup);
    const answers = ['a', 'b', 'a', 'a'].map((id) => lookup.find(id));
    await settled();
    expect(loads).toHaveLength(2);
    loads[0]?.answer();
    await settled();
    expect(loads[2]?.ids).toEqual(['a', 'b']);
    await answerAll(loads);
    expect((await Promise.all(answers)).map((session) => session?.id)).toEqual(['a', 'b', 'a', 'a']);
    await Promise.all(first);
  });

  it('answers null for a session that is not there, and the others of its batch as ever', async () => {
    const { lookup, loads } = heldLookup();
    const answers = ['x', 'no-a', 'b'].map((id) => lookup.find(id));
    await settled();
    await answerAll(loads);
    expect((await Promise.all(answers)).map((session) => session?.id ?? null)).toEqual(['x', null, 'b']);
  });

  it('never answers from a statement that began before it was asked', async () => {
    const { lookup, loads } = heldLookup();
    const before = await underWay(lookup);
    const late = lookup.find('x');
    let isAnswered = false;
    void late.then(() => (isAnswered = true));
    loads[0]?.answer();
    await settled();
    expect(isAnswered).toBe(false);
    expect(loads).toHaveLength(3);
    loads[2]?.answer();
    expect((await late)?.id).toBe('x');
    await answerAll(loads);
    await Promise.all(before);
  });

  it('remembers nothing: the same session is asked for again', async () => {
    const { lookup, loads } = heldLookup();
    for (let i = 0; i < 3; i++) {
      const answer = lookup.find('a');
      await settled();
      loads[i]?.answer();
      await answer;
      await settled();
    }
    expect(loads.map((load) => load.ids)).toEqual([['a'], ['a'], ['a']]);
  });

  it('tells a failure to all that waited for that statement, and to no one else', async () => {
    const { lookup, loads } = heldLookup();
    const first = await underWay(lookup);
    const failing = Promise.allSettled(['a', 'b', 'a'].map((id) => lookup.find(id)));
    loads[0]?.answer();
    await settled();
    const after = lookup.find('a');
    const down = new Error('down');
    loads[2]?.fail(down);
    await settled();
    await answerAll(loads);
    const refused = { status: 'rejected', reason: down };
    expect(await failing).toEqual([refused, refused, refused]);
    expect((await after)?.id).toBe('a');
    expect((await Promise.all(first)).map((session) => session?.id)).toEqual(['x', 'y']);
  });

  it('goes on after a failure', async () => {
    const { lookup, loads } = heldLookup();
    for (let i = 0; i < 4; i++) {
      const answer = lookup.find('a').catch((error: unknown) => error);
      await settled();
      loads[i]?.fail(new Error('down'));
      expect(await answer).toEqual(new Error('down'));
    }
    const answer = lookup.find('a');
    await settled();
    loads[4]?.answer();
    expect((await answer)?.id).toBe('a');
  });

  it('has at most two statements under way', async () => {
    const { lookup, loads } = heldLookup();
    const first = await underWay(lookup);
    const answers = Array.from({ length: 100 }, (_, i) => lookup.find(`s${i}`));
    await settled();
    expect(loads).toHaveLength(2);
    await answerAll(loads);
    await expect(Promise.all([...first, ...answers])).resolves.toHaveLength(102);
  });

  describe('when two statements are slow', () => {
    it('lets others begin beside them, which gather as ever', async () => {
      const { lookup, loads } = heldLookup();
      const slow = await underWay(lookup);
      const others = ['a', 'b'].map((id) => lookup.find(id));
      await patienceEnds();
      expect(loads).toHaveLength(3);
      loads[2]?.answer();
      expect((await Promise.all(others)).map((session) => session?.id)).toEqual(['a', 'b']);
      expect(loads[2]?.ids).toEqual(['a', 'b']);
      await answerAll(loads);
      await Promise.all(slow);
    });

    it('tells their failure to nobody else', async () => {
      const { lookup, loads } = heldLookup();
      const slow = Promise.allSettled(await underWay(lookup));
      const other = lookup.find('a');
      await patienceEnds();
      expect(loads).toHaveLength(3);
      loads[0]?.fail(new Error('down'));
      loads[1]?.fail(new Error('down'));
      expect((await slow).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      loads[2]?.answer();
      expect((await other)?.id).toBe('a');
    });

    it('has no more than two others under way', async () => {
      const { lookup, loads } = heldLookup({ poolMax: 100 });
      const asked = await underWay(lookup);
      asked.push(lookup.find('a'));
      await patienceEnds();
      expect(loads).toHaveLength(3);
      asked.push(lookup.find('b'));
      await settled();
      asked.push(lookup.find('c'));
      await settled();
      expect(loads).toHaveLength(4);
      await answerAll(loads);
      await Promise.all(asked);
    });

    it.each([
      [10, 5],
      [7, 3],
      [4, 2],
      [1, 2],
    ])('of a pool of %i, has at most %i under way, and serves all in the end', async (poolMax, most) => {
      const { lookup, loads } = heldLookup({ poolMax });
      const asked: Promise<unknown>[] = [];
      for (let i = 0; i < 10; i++) {
        asked.push(lookup.find('a'));
        await settled();
        await patienceEnds();
      }
      expect(loads).toHaveLength(most);
      await answerAll(loads);
      await expect(Promise.all(asked)).resolves.toHaveLength(asked.length);
    });

    it('when no more may begin, refuses whoever has waited for a turn as long as for a connection', async () => {
      const { lookup, loads } = heldLookup({ poolMax: 4, connectTimeout: 600 });
      const slow = await underWay(lookup);
      const early = ['a', 'b'].map((id) => lookup.find(id));
      let isRefused = false;
      const refusals = Promise.allSettled(early).finally(() => (isRefused = true));
      jest.advanceTimersByTime(400);
      const late = lookup.find('c');
      jest.advanceTimersByTime(199);
      await settled();
      expect(isRefused).toBe(false);
      jest.advanceTimersByTime(1);
      const refused = { status: 'rejected', reason: new DatabaseUnavailableError() };
      expect(await refusals).toEqual([refused, refused]);
      loads[0]?.answer();
      await settled();
      expect(loads[2]?.ids).toEqual(['c']);
      await answerAll(loads);
      expect((await late)?.id).toBe('c');
      await Promise.all(slow);
    });

    it('is as before once they are answered', async () => {
      const { lookup, loads } = heldLookup();
      const asked = await underWay(lookup);
      asked.push(lookup.find('a'));
      await patienceEnds();
      expect(loads).toHaveLength(3);
      await answerAll(loads);
      await Promise.all(asked);
      const again = await underWay(lookup);
      const late = lookup.find('c');
      await settled();
      expect(loads).toHaveLength(5);
      await answerAll(loads);
      await Promise.all([...again, late]);
    });
  });

  it('asks for at most 512 sessions in one statement, and forgets none', async () => {
    const { lookup, loads } = heldLookup();
    const ids = Array.from({ length: 2_000 }, (_, i) => `s${i}`);
    const answers = ids.map((id) => lookup.find(id));
    await settled();
    await answerAll(loads);
    expect((await Promise.all(answers)).map((session) => session?.id)).toEqual(ids);
    expect(Math.max(...loads.map((load) => load.ids.length))).toBe(512);
    expect(loads.flatMap((load) => load.ids).sort()).toEqual([...ids].sort());
  });
});
