import { Readable } from 'node:stream';
import { Controller, Get, Module, Sse, StreamableFile, type MessageEvent } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { concat, finalize, interval, map, NEVER, of, throwError, type Observable } from 'rxjs';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { EventStream } from '../support/event-stream.js';
import { expectProblem } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { SocketClient, type Closed } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

@Controller('probe-sse')
class ProbeStreamsController {
  static active = 0;

  /** Emits so often that an event is always being written. */
  @Sse('busy')
  busy(): Observable<MessageEvent> {
    ProbeStreamsController.active += 1;
    return interval(1).pipe(
      map((data) => ({ data: String(data) })),
      finalize(() => (ProbeStreamsController.active -= 1)),
    );
  }

  @Sse('quiet')
  quiet(): Observable<MessageEvent> {
    return NEVER;
  }

  @Roles('admin')
  @Sse('for-admins')
  forAdmins(): Observable<MessageEvent> {
    return NEVER;
  }

  @Public()
  @Sse('public')
  open(): Observable<MessageEvent> {
    return NEVER;
  }

  @Sse('failing')
  failing(): Observable<MessageEvent> {
    return concat(
      of({ data: 'first' }),
      throwError(() => new Error('secret of the database')),
    );
  }

  @Get('download')
  download(): StreamableFile {
    let isStarted = false;
    // The client has read everything so far.
    return new StreamableFile(
      new Readable({
        read() {
          if (!isStarted) this.push('start');
          isStarted = true;
        },
      }),
    );
  }
}

@WebSocketGateway({ path: '/probe-ws' })
class ChatGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

@Roles('admin')
@WebSocketGateway({ path: '/probe-for-admins' })
class AdminGateway {}

@Public()
@WebSocketGateway({ path: '/probe-public' })
class PublicGateway {}

@Module({ controllers: [ProbeStreamsController], providers: [ChatGateway, AdminGateway, PublicGateway] })
class StreamsModule {}

let first: TestApp;
let second: TestApp;
let admin: SignedIn;
beforeAll(async () => {
  [first, second] = await TestApp.startTwo({ imports: [StreamsModule] });
  admin = await buildSignedIn(first, 'admin');
});
afterAll(() => first.close());

/** The streams of one session on both instances. */
interface Streams {
  readonly events: readonly EventStream[];
  readonly sockets: readonly SocketClient[];
}

async function openStreams({ accessToken: token }: SignedIn): Promise<Streams> {
  const apps = [first, second];
  return {
    events: await Promise.all(
      apps.flatMap((app) => ['busy', 'quiet'].map((name) => EventStream.open(app, `/probe-sse/${name}`, token))),
    ),
    sockets: await Promise.all(apps.map((app) => SocketClient.open(app, '/probe-ws', { token }))),
  };
}

/** Waits until all streams are closed. Returns the distinct reasons. */
async function reasonsOf({ events, sockets }: Streams): Promise<unknown[]> {
  const completed = await Promise.all(events.map(({ ended }) => ended));
  expect(completed).toEqual(events.map(() => true));
  const problems = events.map((stream) => stream.last('closed') as Record<string, unknown>);
  const closes = await Promise.all(sockets.map(({ closed }) => closed));
  const reasons = [
    ...problems.map(({ code, reason }) => [code, reason].filter(Boolean).join(' ')),
    ...closes.map(({ code, reason }: Closed) => `${code} ${reason}`),
  ];
  return [...new Set(reasons)];
}

async function expectOpen({ events, sockets }: Streams): Promise<void> {
  expect(events.filter(({ isOpen }) => !isOpen).map(({ text }) => text)).toEqual([]);
  for (const socket of sockets) expect(await socket.ask('ping')).toBe('pong');
}

function closeAll({ events, sockets }: Streams): void {
  for (const stream of events) stream.close();
  for (const { socket } of sockets) socket.close();
}

describe('the streams of a session', () => {
  type End = (session: SignedIn) => Promise<unknown>;
  const asAdmin = () => first.as(admin.accessToken);
  const endings: [what: string, reasons: string[], end: End][] = [
    [
      'sign-out',
      ['session_revoked logout', '4401 session_revoked'],
      ({ accessToken }) => first.as(accessToken).post('/auth/logout'),
    ],
    [
      'revocation by its owner',
      ['session_revoked logout_others', '4401 session_revoked'],
      async (session) => first.as((await signIn(first, session)).accessToken).delete(`/sessions/${session.sessionId}`),
    ],
    [
      'sign-out of other devices',
      ['session_revoked logout_others', '4401 session_revoked'],
      async (session) => second.as((await signIn(first, session)).accessToken).delete('/sessions?scope=others'),
    ],
    [
      'sign-out of all devices',
      ['session_revoked logout_all', '4401 session_revoked'],
      ({ accessToken }) => second.as(accessToken).delete('/sessions?scope=all'),
    ],
    [
      'revocation by an admin',
      ['session_revoked admin', '4401 session_revoked'],
      ({ sessionId }) => asAdmin().delete(`/admin/sessions/${sessionId}`),
    ],
    [
      'a bulk revocation',
      ['session_revoked admin', '4401 session_revoked'],
      ({ id }) => asAdmin().post('/admin/sessions/revoke').send({ userId: id }),
    ],
    [
      'a password change',
      ['session_revoked password_changed', '4401 session_revoked'],
      async (session) => {
        const passwords = { currentPassword: session.password, newPassword: 'eleven otters under ice' };
        return first
          .as((await signIn(first, session)).accessToken)
          .post('/auth/password')
          .send(passwords);
      },
    ],
    [
      'reuse of an old refresh token',
      ['session_revoked refresh_reuse', '4401 session_revoked'],
      async ({ refreshToken }) => {
        const refresh = (token: string) => first.request.post('/auth/refresh').send({ refreshToken: token });
        const { body } = await refresh(refreshToken).expect(200);
        await refresh(body.refreshToken as string).expect(200);
        await refresh(refreshToken).expect(401);
        return { status: 200 };
      },
    ],
    [
      'forced expiry',
      ['session_expired', '4401 session_expired'],
      ({ sessionId }) => asAdmin().patch(`/admin/sessions/${sessionId}`).send({ expiresAt: '2001-01-01T00:00:00Z' }),
    ],
    [
      'its idle timeout',
      ['session_expired', '4401 session_expired'],
      ({ sessionId }) => passTimeout('idle_expires_at', sessionId),
    ],
    [
      'deactivation of its user',
      ['user_inactive', '4401 user_inactive'],
      ({ id }) => asAdmin().patch(`/admin/users/${id}`).send({ isActive: false }),
    ],
    [
      'deletion of its user',
      ['session_not_found', '4401 session_not_found'],
      ({ id }) => asAdmin().delete(`/admin/users/${id}`),
    ],
    [
      'account deletion by its user',
      ['session_not_found', '4401 session_not_found'],
      ({ accessToken, password }) => first.as(accessToken).delete('/users/me').send({ password }),
    ],
  ];

  async function passTimeout(column: string, sessionId: string): Promise<unknown> {
    await first.database.query(`UPDATE sessions SET ${column} = now() WHERE id = $1`, [sessionId]);
    return { status: 200 };
  }

  const ended = new Map<string, { readonly streams: Streams; readonly status: unknown }>();
  let others: Streams;
  let current: Streams;
  beforeAll(async () => {
    others = await openStreams(await buildSignedIn(first));
    for (const [what, , end] of endings) {
      const session = await buildSignedIn(first);
      const streams = await openStreams(session);
      const { status } = (await end(session)) as { status: unknown };
      ended.set(what, { streams, status });
    }
    current = await openStreams(await buildSignedIn(second));
  });
  afterAll(() => [others, current].forEach(closeAll));

  it.each(endings)('close on every instance with the reason after %s', async (what, reasons) => {
    const { streams, status } = ended.get(what) ?? { streams: { events: [], sockets: [] }, status: null };
    expect([200, 204]).toContain(status);
    expect(await reasonsOf(streams)).toEqual(reasons);
  });

  it('stay open while other sessions end', async () => {
    await expectOpen(others);
    await expectOpen(current);
  });

  it('release the producer of their events when they close', async () => {
    const open = [others, current].length * [first, second].length;
    await until('only open streams have a producer', () => ProbeStreamsController.active === open);
    expect(ProbeStreamsController.active).toBe(open);
  });
});

describe('an event stream', () => {
  it('gets a problem instead of a stream without an active session', async () => {
    expectProblem(await first.request.get('/probe-sse/quiet'), 401, 'token_missing');
    expectProblem(
      await first.as((await buildSignedIn(first)).accessToken).get('/probe-sse/for-admins'),
      403,
      'forbidden',
    );
  });

  it('is neither cached nor buffered', async () => {
    const stream = await EventStream.open(first, '/probe-sse/quiet', admin.accessToken);
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': expect.stringMatching(/\bno-store\b.*\bno-transform\b/),
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    stream.close();
  });

  it('ends with a problem document', async () => {
    const { accessToken } = await buildSignedIn(first);
    const stream = await EventStream.open(first, '/probe-sse/quiet', accessToken);
    await first.as(accessToken).post('/auth/logout').expect(204);
    await stream.ended;
    expect(stream.last('closed')).toEqual({
      type: 'urn:gatehouse:problem:session_revoked',
      title: 'Session revoked',
      status: 401,
      detail: 'This session was revoked. Sign in again.',
      instance: '/probe-sse/quiet',
      code: 'session_revoked',
      reason: 'logout',
      requestId: stream.response.headers['x-request-id'],
    });
  });

  it('does not expose the message of an unexpected error', async () => {
    const stream = await EventStream.open(first, '/probe-sse/failing', admin.accessToken);
    await stream.ended;
    expect(stream.text).toContain('data: first');
    expect(stream.text).toContain('event: error\n');
    expect(stream.text).not.toContain('secret');
  });
});

it('a role change closes the streams that require the role, and no others', async () => {
  const demoted = await buildSignedIn(first, 'admin');
  const { accessToken: token } = demoted;
  const streams = await openStreams(demoted);
  const restricted: Streams = {
    events: [await EventStream.open(first, '/probe-sse/for-admins', token)],
    sockets: [await SocketClient.open(second, '/probe-for-admins', { token })],
  };
  await second.as(admin.accessToken).patch(`/admin/users/${demoted.id}`).send({ role: 'user' }).expect(200);
  expect(await reasonsOf(restricted)).toEqual(['forbidden', '4403 forbidden']);
  await expectOpen(streams);
  closeAll(streams);
});

it('a WebSocket is logged with its user and the reason why it was closed', async () => {
  const log = new LogLines();
  const app = await TestApp.start({ imports: [StreamsModule], database: first.database, log });
  const { id: userId, sessionId, accessToken: token } = await buildSignedIn(app);
  const client = await SocketClient.open(app, '/probe-ws?secret=1', { protocols: ['bearer', token] });
  await app.as(token).post('/auth/logout').expect(204);
  await client.closed;
  const isLine = ({ msg }: { readonly msg?: unknown }) => msg === 'GET /probe-ws 101';
  await until('the connection is logged', () => log.records.some(isLine));
  const line = log.records.find(isLine);
  const access = { level: 'info', path: '/probe-ws', status: 101, code: 'session_revoked' };
  expect(line).toMatchObject({ ...access, userId, sessionId });
  expect(line).not.toHaveProperty('aborted');
  expect(log.text).not.toContain(token);
  await app.close();
});

it('a download is cut off when its session ends', async () => {
  const { accessToken } = await buildSignedIn(first);
  const download = await EventStream.open(first, '/probe-sse/download', accessToken);
  await first.as(accessToken).post('/auth/logout').expect(204);
  expect(await download.ended).toBe(false);
  expect(download.text).toBe('start');
});

it('a public stream stays open when the session of its client ends', async () => {
  const { accessToken: token } = await buildSignedIn(first);
  const streams = { events: [await EventStream.open(first, '/probe-sse/public', token)], sockets: [] };
  const guarded = await EventStream.open(first, '/probe-sse/quiet', token);
  const socket = await SocketClient.open(first, '/probe-public', { token });
  await first.as(token).post('/auth/logout').expect(204);
  await guarded.ended;
  await expectOpen(streams);
  expect(socket.socket.readyState).toBe(socket.socket.OPEN);
  closeAll(streams);
  socket.socket.close();
});

it('a stream outlives its access token and marks its session as seen', async () => {
  const app = await TestApp.start({ imports: [StreamsModule], database: first.database });
  const session = await signIn(app, await buildUser(app));
  await first.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
  const stream = await EventStream.open(app, '/probe-sse/quiet', session.accessToken);
  const socket = await SocketClient.open(app, '/probe-ws', { token: session.accessToken });
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
  expectProblem(await app.as(session.accessToken).get('/users/me'), 401, 'token_expired');
  jest.restoreAllMocks();
  // Makes the mark stale again, because the handshake has already written one.
  await first.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
  await until('the session is seen', async () => {
    const sql = `SELECT last_seen_at > now() - interval '1 minute' AS seen FROM sessions WHERE id = $1`;
    return (await first.database.query<{ seen: boolean }>(sql, [session.sessionId]))[0]?.seen ?? false;
  });
  expect(await socket.ask('ping')).toBe('pong');
  expect(stream.isOpen).toBe(true);
  await app.close();
  expect(await socket.closed).toEqual({ code: 1001, reason: 'server_stopping' });
  await stream.ended;
  expect(stream.last('closed')).toMatchObject({ code: 'server_stopping', status: 503 });
});

it('a session has at most as many streams as configured', async () => {
  const env = { MAX_STREAMS_PER_SESSION: '2' };
  const app = await TestApp.start({ imports: [StreamsModule], database: first.database, env });
  const { accessToken: token } = await buildSignedIn(app);
  const kept = await EventStream.open(app, '/probe-sse/quiet', token);
  const openSocket = () => SocketClient.open(app, '/probe-ws', { token });
  const sockets = [await openSocket(), await openSocket()];
  const surplus = await EventStream.open(app, '/probe-sse/quiet', token);
  expect(await sockets[1]?.closed).toEqual({ code: 1013, reason: 'too_many_streams' });
  await surplus.ended;
  expect(surplus.last('closed')).toMatchObject({ code: 'too_many_streams', status: 429 });
  expect(await sockets[0]?.ask('ping')).toBe('pong');
  expect(kept.isOpen).toBe(true);
  await app.close();
});
