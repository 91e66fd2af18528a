import type { HttpAdapterHost } from '@nestjs/core';
import type { DomainError } from '../common/domain.error.js';
import type { Principal } from '../common/principal.js';
import type { Config } from '../config/env.js';
import type { OpenStream } from '../http/streams/open-stream.js';
import type { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import type { LastSeenRecorder } from './last-seen.recorder.js';
import type { GuardedSession, SessionAccessRepository } from './session-access.repository.js';
import { StreamGuard } from './stream.guard.js';

const SECOND_MS = 1_000;

class FakeStream implements OpenStream {
  isClosing = false;
  isEndless = true;
  beats = 0;
  closedWith: string | null = null;
  readonly accessRule = undefined;
  readonly principal: Principal | undefined;

  constructor(readonly sessionId: string | null) {
    if (sessionId !== null) this.principal = { sessionId, userId: `user of ${sessionId}` } as Principal;
  }

  close({ code }: DomainError): Promise<void> {
    this.isClosing = true;
    this.closedWith = code;
    return Promise.resolve();
  }

  beat(): void {
    this.beats += 1;
  }
}

describe('StreamGuard', () => {
  let streams: FakeStream[];
  /** The number of sessions in each statement. */
  let statements: number[];
  let revoked: Set<string>;
  let admins: Set<string>;
  let lookUp: () => Promise<void>;
  let guard: StreamGuard;
  beforeEach(() => {
    jest.useFakeTimers();
    streams = [];
    statements = [];
    revoked = new Set();
    admins = new Set();
    lookUp = () => Promise.resolve();
    const host = { httpAdapter: { connections: { openStreams: () => streams.filter(({ isClosing }) => !isClosing) } } };
    const database: Pick<Database, 'runReserved'> = { runReserved: (fn) => fn({} as never) };
    const sessions: Pick<SessionAccessRepository, 'findForGuard'> = {
      findForGuard: async (_, claims) => {
        statements.push(claims.length);
        await lookUp();
        return claims.map(({ sessionId }) => toSession(sessionId));
      },
    };
    guard = new StreamGuard(
      { streams: { max: 20_000, maxPerSession: 3 }, factors: { required: 'admins' } } as Config,
      host as unknown as HttpAdapterHost,
      database as Database,
      sessions as SessionAccessRepository,
      { markUse: () => undefined } as unknown as LastSeenRecorder,
    );
    guard.onApplicationBootstrap();
  });
  afterEach(() => {
    guard.onApplicationShutdown();
    jest.useRealTimers();
  });

  function toSession(id: string): GuardedSession {
    const role = admins.has(id) ? 'admin' : 'user';
    const user = { id: `user of ${id}`, isActive: true, role, hasSecondFactor: false } as GuardedSession['user'];
    const revokedReason = revoked.has(id) ? 'logout' : null;
    const access = { key: null, authentications: '[0,{}]', unrecordedGeneration: null };
    return { id, user, revokedReason, isExpired: false, ...access };
  }

  const open = (...ids: (string | null)[]) => {
    const opened = ids.map((id) => new FakeStream(id));
    streams.push(...opened);
    return opened;
  };
  const closed = () => streams.filter(({ closedWith }) => closedWith !== null);

  it('runs no statement while no stream is open', async () => {
    open(null);
    await jest.advanceTimersByTimeAsync(100 * SECOND_MS);
    expect(statements).toEqual([]);
  });

  it('looks up the sessions of all streams in one statement per second', async () => {
    open('a', 'b', 'a', 'c', null);
    await jest.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(statements).toEqual([3, 3, 3, 3, 3]);
  });

  it('looks up at most 1,000 sessions per statement for ten thousand streams', async () => {
    open(...Array.from({ length: 10_000 }, (_, i) => `session ${i % 9_500}`));
    revoked.add('session 17').add('session 9400');
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect(statements).toEqual([...Array<number>(9).fill(1_000), 500]);
    // Session 17 has two streams.
    expect(closed().map(({ sessionId, closedWith }) => [sessionId, closedWith])).toEqual(
      ['session 17', 'session 9400', 'session 17'].map((id) => [id, 'session_revoked']),
    );
  });

  it('closes the streams of users who must enroll a second factor', async () => {
    const [admin, user, stranger] = open('a', 'b', null);
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect(closed()).toEqual([]);
    admins.add('a');
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect([admin, user, stranger].map((stream) => stream?.closedWith)).toEqual([
      'second_factor_enrollment_required',
      null,
      null,
    ]);
  });

  it('does not start a check while the last one is running', async () => {
    let finish: () => void = () => undefined;
    lookUp = () => new Promise<void>((resolve) => (finish = resolve));
    open('a');
    await jest.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(statements).toEqual([1]);
    finish();
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect(statements).toEqual([1, 1]);
  });

  it.each([
    ['fails', () => Promise.reject(new DatabaseUnavailableError())],
    ['hangs', () => new Promise<void>(() => undefined)],
  ])('closes streams once the lookup %s for 10 s', async (_, outage) => {
    const [guarded, open_] = open('a', null);
    await jest.advanceTimersByTimeAsync(60 * SECOND_MS);
    lookUp = outage;
    await jest.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(closed()).toEqual([]);
    await jest.advanceTimersByTimeAsync(2 * SECOND_MS);
    expect([guarded?.closedWith, open_?.closedWith]).toEqual(['database_unavailable', null]);
  });

  it('keeps streams open through a shorter outage', async () => {
    open('a');
    for (let outage = 0; outage < 5; outage++) {
      lookUp = () => Promise.reject(new DatabaseUnavailableError());
      await jest.advanceTimersByTimeAsync(9 * SECOND_MS);
      lookUp = () => Promise.resolve();
      await jest.advanceTimersByTimeAsync(2 * SECOND_MS);
    }
    expect(closed()).toEqual([]);
  });

  it('closes the latest streams beyond the limit of a session', async () => {
    const [, , , fourth] = open('a', 'a', 'a', 'a', 'b');
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect(closed()).toEqual([fourth]);
    expect(fourth?.closedWith).toBe('too_many_streams');
  });

  it('does not count downloads', async () => {
    for (const stream of open('a', 'a', 'a', 'a', 'a')) stream.isEndless = false;
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect(closed()).toEqual([]);
  });

  it('sends a heartbeat to every stream every 30 s', async () => {
    const opened = open('a', null);
    await jest.advanceTimersByTimeAsync(300 * SECOND_MS);
    expect(opened.map(({ beats }) => beats)).toEqual([10, 10]);
  });

  it('closes endless streams at shutdown and lets downloads finish', async () => {
    const [endless, download] = open('a', 'b');
    if (download) download.isEndless = false;
    await guard.beforeApplicationShutdown();
    const [late] = open('c');
    await jest.advanceTimersByTimeAsync(SECOND_MS);
    expect([endless, late, download].map((stream) => stream?.closedWith)).toEqual([
      'server_stopping',
      'server_stopping',
      null,
    ]);
  });
});
