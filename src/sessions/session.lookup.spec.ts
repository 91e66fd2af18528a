import { OverloadedError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import type { Config } from '../config/env.js';
import { User } from '../users/user.entity.js';
import type { Database, EntityManager } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import type { GuardedSession, SessionAccessRepository } from './session-access.repository.js';
import { SessionLookup } from './session.lookup.js';

/** A running query, which the test completes. */
interface Query {
  readonly ids: readonly string[];
  complete(): void;
  fail(error: Error): void;
}

const sessionOf = (id: string): GuardedSession => ({
  id,
  user: new User(),
  revokedReason: null,
  isExpired: false,
  unrecordedGeneration: null,
  key: null,
  authentications: '[0,{}]',
});

/** Returns a lookup whose queries the test completes. They find every ID that does not start with `no-`. */
function createLookup({ poolMax = 10, connectTimeout = 5_000 } = {}) {
  const queries: Query[] = [];
  const database = {
    runReserved: <T>(fn: (manager: EntityManager) => Promise<T>) => fn({} as EntityManager),
  } as Database;
  const sessions = {
    findForGuard: (_manager: EntityManager, claims: readonly AccessClaims[]) =>
      new Promise<GuardedSession[]>((resolve, reject) => {
        const ids = claims.map(({ sessionId }) => sessionId);
        queries.push({
          ids,
          complete: () => resolve(ids.filter((id) => !id.startsWith('no-')).map(sessionOf)),
          fail: reject,
        });
      }),
  } as SessionAccessRepository;
  const config = { database: { poolMax, connectTimeout } } as Config;
  const lookup = new SessionLookup(config, database, sessions);
  /** The claims of one token per session. */
  const tokens = new Map<string, AccessClaims>();
  const find = (sessionId: string, userId = 'ada') => {
    const key = `${userId} ${sessionId}`;
    const claims = tokens.get(key) ?? { userId, sessionId };
    tokens.set(key, claims);
    return lookup.find(claims);
  };
  return { lookup: { find }, queries };
}

type Lookup = ReturnType<typeof createLookup>['lookup'];

/** Lets pending promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Makes the running queries slow, which they are after 250 ms. */
async function becomeSlow(): Promise<void> {
  jest.advanceTimersByTime(250);
  await settle();
}

/** Completes all queries, including those that start meanwhile. */
async function completeAll(queries: readonly Query[]): Promise<void> {
  for (const query of queries) {
    query.complete();
    await settle();
  }
}

/** Starts a query for `x` and one for `y`, the most that run at a time. */
async function startTwo(lookup: Lookup): Promise<Promise<GuardedSession | null>[]> {
  const results = [lookup.find('x')];
  await settle();
  results.push(lookup.find('y'));
  await settle();
  return results;
}

describe('SessionLookup', () => {
  // Fake timers, so that a busy machine does not make a query slow.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it('queries in the same event-loop turn if no query is running', async () => {
    const { lookup, queries } = createLookup();
    const result = lookup.find('a');
    await settle();
    expect(queries.map((query) => query.ids)).toEqual([['a']]);
    await completeAll(queries);
    await result;
  });

  it('runs one query per request if requests do not overlap', async () => {
    const { lookup, queries } = createLookup();
    for (let i = 0; i < 100; i++) {
      const result = lookup.find('a');
      await settle();
      expect(queries).toHaveLength(i + 1);
      queries[i]?.complete();
      await result;
    }
  });

  it('batches IDs that arrive in the same event-loop turn', async () => {
    const { lookup, queries } = createLookup();
    const results = ['a', 'b', 'c'].map((id) => lookup.find(id));
    await settle();
    expect(queries.map((query) => query.ids)).toEqual([['a', 'b', 'c']]);
    await completeAll(queries);
    expect((await Promise.all(results)).map((session) => session?.id)).toEqual(['a', 'b', 'c']);
  });

  it('asks for each user and session once', async () => {
    const { lookup, queries } = createLookup();
    const results = [lookup.find('a', 'eve'), lookup.find('a'), lookup.find('a'), lookup.find('a', 'eve')];
    await settle();
    expect(queries.map((query) => query.ids)).toEqual([['a', 'a']]);
    await completeAll(queries);
    await Promise.all(results);
  });

  it('batches IDs that arrive while queries are running', async () => {
    const { lookup, queries } = createLookup();
    const first = await startTwo(lookup);
    const results = ['a', 'b', 'a', 'a'].map((id) => lookup.find(id));
    await settle();
    expect(queries).toHaveLength(2);
    queries[0]?.complete();
    await settle();
    expect(queries[2]?.ids).toEqual(['a', 'b']);
    await completeAll(queries);
    expect((await Promise.all(results)).map((session) => session?.id)).toEqual(['a', 'b', 'a', 'a']);
    await Promise.all(first);
  });

  it('rejects a request immediately if too many wait', async () => {
    const { lookup, queries } = createLookup();
    const first = await startTwo(lookup);
    const waiting = Array.from({ length: 8_192 }, () => lookup.find('a'));
    await expect(lookup.find('a')).rejects.toThrow(OverloadedError);
    await completeAll(queries);
    await Promise.all([...first, ...waiting]);
  });

  it('returns null for a missing session and finds the others of its batch', async () => {
    const { lookup, queries } = createLookup();
    const results = ['x', 'no-a', 'b'].map((id) => lookup.find(id));
    await settle();
    await completeAll(queries);
    expect((await Promise.all(results)).map((session) => session?.id ?? null)).toEqual(['x', null, 'b']);
  });

  it('never returns a result of a query that started before the request', async () => {
    const { lookup, queries } = createLookup();
    const before = await startTwo(lookup);
    const late = lookup.find('x');
    let isSettled = false;
    void late.then(() => (isSettled = true));
    queries[0]?.complete();
    await settle();
    expect(isSettled).toBe(false);
    expect(queries).toHaveLength(3);
    queries[2]?.complete();
    expect((await late)?.id).toBe('x');
    await completeAll(queries);
    await Promise.all(before);
  });

  it('caches nothing and queries the same session again', async () => {
    const { lookup, queries } = createLookup();
    for (let i = 0; i < 3; i++) {
      const result = lookup.find('a');
      await settle();
      queries[i]?.complete();
      await result;
      await settle();
    }
    expect(queries.map((query) => query.ids)).toEqual([['a'], ['a'], ['a']]);
  });

  it('rejects exactly the requests whose query fails', async () => {
    const { lookup, queries } = createLookup();
    const first = await startTwo(lookup);
    const failing = Promise.allSettled(['a', 'b', 'a'].map((id) => lookup.find(id)));
    queries[0]?.complete();
    await settle();
    const after = lookup.find('a');
    const down = new Error('down');
    queries[2]?.fail(down);
    await settle();
    await completeAll(queries);
    const rejected = { status: 'rejected', reason: down };
    expect(await failing).toEqual([rejected, rejected, rejected]);
    expect((await after)?.id).toBe('a');
    expect((await Promise.all(first)).map((session) => session?.id)).toEqual(['x', 'y']);
  });

  it('continues after a failure', async () => {
    const { lookup, queries } = createLookup();
    for (let i = 0; i < 4; i++) {
      const result = lookup.find('a').catch((error: unknown) => error);
      await settle();
      queries[i]?.fail(new Error('down'));
      expect(await result).toEqual(new Error('down'));
    }
    const result = lookup.find('a');
    await settle();
    queries[4]?.complete();
    expect((await result)?.id).toBe('a');
  });

  it('runs at most two queries at a time', async () => {
    const { lookup, queries } = createLookup();
    const first = await startTwo(lookup);
    const results = Array.from({ length: 100 }, (_, i) => lookup.find(`s${i}`));
    await settle();
    expect(queries).toHaveLength(2);
    await completeAll(queries);
    await expect(Promise.all([...first, ...results])).resolves.toHaveLength(102);
  });

  describe('when two queries are slow', () => {
    it('starts further queries, which also batch', async () => {
      const { lookup, queries } = createLookup();
      const slow = await startTwo(lookup);
      const others = ['a', 'b'].map((id) => lookup.find(id));
      await becomeSlow();
      expect(queries).toHaveLength(3);
      queries[2]?.complete();
      expect((await Promise.all(others)).map((session) => session?.id)).toEqual(['a', 'b']);
      expect(queries[2]?.ids).toEqual(['a', 'b']);
      await completeAll(queries);
      await Promise.all(slow);
    });

    it('rejects only their own requests if they fail', async () => {
      const { lookup, queries } = createLookup();
      const slow = Promise.allSettled(await startTwo(lookup));
      const other = lookup.find('a');
      await becomeSlow();
      expect(queries).toHaveLength(3);
      queries[0]?.fail(new Error('down'));
      queries[1]?.fail(new Error('down'));
      expect((await slow).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      queries[2]?.complete();
      expect((await other)?.id).toBe('a');
    });

    it('runs at most two other queries', async () => {
      const { lookup, queries } = createLookup({ poolMax: 100 });
      const results = await startTwo(lookup);
      results.push(lookup.find('a'));
      await becomeSlow();
      expect(queries).toHaveLength(3);
      results.push(lookup.find('b'));
      await settle();
      results.push(lookup.find('c'));
      await settle();
      expect(queries).toHaveLength(4);
      await completeAll(queries);
      await Promise.all(results);
    });

    it.each([
      [10, 5],
      [7, 3],
      [4, 2],
      [1, 2],
    ])('with a pool of %i, runs at most %i and completes every request', async (poolMax, most) => {
      const { lookup, queries } = createLookup({ poolMax });
      const results: Promise<unknown>[] = [];
      for (let i = 0; i < 10; i++) {
        results.push(lookup.find('a'));
        await settle();
        await becomeSlow();
      }
      expect(queries).toHaveLength(most);
      await completeAll(queries);
      await expect(Promise.all(results)).resolves.toHaveLength(results.length);
    });

    it('rejects requests whose wait for a slot exceeds the connection timeout', async () => {
      const { lookup, queries } = createLookup({ poolMax: 4, connectTimeout: 600 });
      const slow = await startTwo(lookup);
      const early = ['a', 'b'].map((id) => lookup.find(id));
      let isRejected = false;
      const rejections = Promise.allSettled(early).finally(() => (isRejected = true));
      jest.advanceTimersByTime(400);
      const late = lookup.find('c');
      jest.advanceTimersByTime(199);
      await settle();
      expect(isRejected).toBe(false);
      jest.advanceTimersByTime(1);
      const rejected = { status: 'rejected', reason: new DatabaseUnavailableError() };
      expect(await rejections).toEqual([rejected, rejected]);
      queries[0]?.complete();
      await settle();
      expect(queries[2]?.ids).toEqual(['c']);
      await completeAll(queries);
      expect((await late)?.id).toBe('c');
      await Promise.all(slow);
    });

    it('returns to two queries at a time once they complete', async () => {
      const { lookup, queries } = createLookup();
      const results = await startTwo(lookup);
      results.push(lookup.find('a'));
      await becomeSlow();
      expect(queries).toHaveLength(3);
      await completeAll(queries);
      await Promise.all(results);
      const again = await startTwo(lookup);
      const late = lookup.find('c');
      await settle();
      expect(queries).toHaveLength(5);
      await completeAll(queries);
      await Promise.all([...again, late]);
    });
  });

  it('reads at most 512 sessions per query and omits none', async () => {
    const { lookup, queries } = createLookup();
    const ids = Array.from({ length: 2_000 }, (_, i) => `s${i}`);
    const results = ids.map((id) => lookup.find(id));
    await settle();
    await completeAll(queries);
    expect((await Promise.all(results)).map((session) => session?.id)).toEqual(ids);
    expect(Math.max(...queries.map((query) => query.ids.length))).toBe(512);
    expect(queries.flatMap((query) => query.ids).sort()).toEqual([...ids].sort());
  });
});
