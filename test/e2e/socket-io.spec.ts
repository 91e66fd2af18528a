import { Module } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { io, type Socket } from 'socket.io-client';
import { NotFoundError } from '../../src/http/http.errors.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { CurrentUser } from '../../src/users/current-user.decorator.js';
import type { User } from '../../src/users/user.entity.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { rejectedHandshake } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

@WebSocketGateway()
class ChatGateway {
  static left = 0;

  handleDisconnect(): void {
    ChatGateway.left += 1;
  }

  @SubscribeMessage('whoami')
  whoAmI(@CurrentUser() user: User, @MessageBody() body: unknown): unknown {
    return { email: user.email, body };
  }

  @SubscribeMessage('fail')
  fail(): void {
    throw new NotFoundError();
  }
}

@Roles('admin')
@WebSocketGateway({ namespace: 'admin' })
class AdminGateway {
  static joined = 0;

  @WebSocketServer()
  server!: { emit(event: string, data: string): void };

  handleConnection(): void {
    AdminGateway.joined += 1;
  }
}

@Public()
@WebSocketGateway({ namespace: 'public' })
class PublicGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

@WebSocketGateway({ path: '/probe-games', cors: { origin: '*' } })
class GamesGateway {
  @SubscribeMessage('move')
  move(): string {
    return 'moved';
  }
}

const RECOVERY = { path: '/probe-recovering', connectionStateRecovery: {} };

@WebSocketGateway(RECOVERY)
class RecoveringGateway {}

@Roles('admin')
@WebSocketGateway({ ...RECOVERY, namespace: 'admin' })
class RecoveringAdminGateway {
  @WebSocketServer()
  server!: { emit(event: string, data: string): void };
}

@Module({
  providers: [ChatGateway, AdminGateway, PublicGateway, GamesGateway, RecoveringGateway, RecoveringAdminGateway],
})
class GatewaysModule {}

let app: TestApp;
let user: SignedIn;
const sockets: Socket[] = [];
beforeAll(async () => {
  app = await TestApp.start({
    imports: [GatewaysModule],
    configure: (nest) => nest.useWebSocketAdapter(new IoAdapter(nest)),
  });
  user = await buildSignedIn(app);
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
afterAll(() => app.close());

type Options = NonNullable<Parameters<typeof io>[1]>;

/** Connects without a retry. Returns the socket, or the error of the server. */
function connect(namespace: string, token: string | null, options: Options = {}): Promise<Socket | ConnectError> {
  const socket = io(`${app.url}${namespace}`, {
    forceNew: true,
    reconnection: false,
    ...(token !== null && { extraHeaders: { Authorization: `Bearer ${token}` } }),
    ...options,
  });
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', (error) => resolve(error as ConnectError));
  });
}

interface ConnectError extends Error {
  /** The status of a rejected HTTP request, or an event that contains it. */
  readonly description?: number | { readonly message: string };
  /** The error of a rejected namespace. */
  readonly data?: unknown;
}

function statusOf({ description }: ConnectError): number {
  return typeof description === 'number' ? description : Number(/ (\d{3})$/.exec(description?.message ?? '')?.[1]);
}

/** Connects, and waits until an upgrade to a WebSocket has ended, because the transport decides how a connection closes. */
async function join(...args: Parameters<typeof connect>): Promise<Socket> {
  const socket = await connect(...args);
  if (socket instanceof Error) throw socket;
  const { engine, opts } = socket.io;
  const isUpgrading = opts.upgrade !== false && engine.transport.name === 'polling';
  if (isUpgrading) await new Promise<void>((resolve) => engine.once('upgrade', () => resolve()));
  return socket;
}

async function rejection(...args: Parameters<typeof connect>): Promise<ConnectError> {
  const error = await connect(...args);
  if (error instanceof Error) return error;
  throw new Error('The connection was accepted.');
}

const POLLING = { transports: ['polling'], upgrade: false } satisfies Options;
const WEBSOCKET = { transports: ['websocket'] } satisfies Options;

describe.each([
  ['long polling', POLLING],
  ['WebSocket', WEBSOCKET],
  ['long polling and an upgrade', {}],
])('socket.io over %s', (_, options: Options) => {
  it.each([
    ['/', 'a token that is invalid', 'x.y.z'],
    ['/probe-games', 'a token that is invalid', 'x.y.z'],
  ])('rejects a connection to %s with %s', async (path, _what, token) => {
    const error = await rejection('/', token, { ...options, ...(path !== '/' && { path }) });
    expect(statusOf(error)).toBe(401);
  });

  it('rejects a connection without a token to a path without public gateways', async () => {
    const error = await rejection('/', null, { ...options, path: '/probe-games' });
    expect(statusOf(error)).toBe(401);
  });

  it('accepts a connection with a token and handles its messages', async () => {
    const socket = await join('/', user.accessToken, options);
    expect(await socket.emitWithAck('whoami', 7)).toEqual({ email: user.email, body: 7 });
    const games = await join('/', user.accessToken, { ...options, path: '/probe-games' });
    expect(await games.emitWithAck('move')).toBe('moved');
  });

  it('reports errors of handlers with their code', async () => {
    const socket = await join('/', user.accessToken, options);
    const reported = new Promise((resolve) => socket.once('exception', resolve));
    socket.emit('fail');
    expect(await reported).toEqual({ status: 404, code: 'not_found', detail: 'No such route.' });
  });

  it('rejects a client without a token in a protected namespace', async () => {
    const error = await rejection('/', null, options);
    expect(error).toMatchObject({ message: 'token_missing', data: { status: 401, code: 'token_missing' } });
  });

  it('rejects a role that the namespace does not allow', async () => {
    AdminGateway.joined = 0;
    const error = await rejection('/admin', user.accessToken, options);
    expect(error).toMatchObject({ message: 'forbidden', data: { status: 403, code: 'forbidden' } });
    expect(AdminGateway.joined).toBe(0);
    await join('/admin', (await buildSignedIn(app, 'admin')).accessToken, options);
    expect(AdminGateway.joined).toBe(1);
  });

  it('admits everyone to a public namespace', async () => {
    const socket = await join('/public', null, options);
    expect(await socket.emitWithAck('ping')).toBe('pong');
  });

  it('closes the connection when its session ends', async () => {
    const { accessToken } = await buildSignedIn(app);
    const socket = await join('/', accessToken, options);
    const other = await join('/', user.accessToken, options);
    const disconnected = new Promise((resolve) => socket.once('disconnect', resolve));
    const reported = new Promise((resolve) => socket.once('exception', resolve));
    ChatGateway.left = 0;
    await app.as(accessToken).post('/auth/logout').expect(204);
    expect(await reported).toMatchObject({ status: 401, code: 'session_revoked', reason: 'logout' });
    // Long polling ends with the first message, because the next request gets 401.
    expect(await disconnected).toBe(options.upgrade === false ? 'transport error' : 'io server disconnect');
    await until('the gateway notices', () => ChatGateway.left > 0);
    expect(await other.emitWithAck('whoami', 1)).toEqual({ email: user.email, body: 1 });
    expect(ChatGateway.left).toBe(1);
  });

  it('closes the namespaces that require a role when the role changes, and no others', async () => {
    const demoted = await buildSignedIn(app, 'admin');
    const chat = await join('/', demoted.accessToken, options);
    const restricted = chat.io.socket('/admin');
    sockets.push(restricted);
    await new Promise<void>((resolve) => restricted.once('connect', () => resolve()));
    const disconnected = new Promise((resolve) => restricted.once('disconnect', resolve));
    const reported = new Promise((resolve) => restricted.once('exception', resolve));
    await app.database.query(`UPDATE users SET role = 'user' WHERE id = $1`, [demoted.id]);
    expect(await reported).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await disconnected).toBe('io server disconnect');
    expect(await chat.emitWithAck('whoami', 1)).toEqual({ email: demoted.email, body: 1 });
  });

  it('rejects a token of the auth payload and of the query string', async () => {
    const { accessToken: token } = user;
    for (const unsafe of [{ auth: { token } }, { query: { token, access_token: token } }]) {
      expect(await rejection('/', null, { ...options, ...unsafe })).toMatchObject({ message: 'token_missing' });
    }
  });
});

describe('a request of the long polling of socket.io', () => {
  const POLL = '/probe-games/?EIO=4&transport=polling';

  it.each([
    POLL,
    `${POLL}&sid=unknown`,
    '/probe-games/?EIO=4&%74ransport=polling',
    '/probe-games/x?transport=websocket&sid=1',
  ])('to %s gets 401 without a token', async (path) =>
    expectProblem(await app.request.get(path), 401, 'token_missing'),
  );

  it('gets 401 once the session is revoked, although its connection was accepted', async () => {
    const { accessToken } = await buildSignedIn(app);
    const opened = await app.as(accessToken).get(POLL).expect(200);
    const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
    await app.as(accessToken).post(`${POLL}&sid=${sid}`).type('text/plain').send('40').expect(200);
    await app.as(accessToken).post('/auth/logout').expect(204);
    expectProblem(await app.as(accessToken).get(`${POLL}&sid=${sid}`), 401, 'session_revoked');
  });

  it('is rejected if another session opened the connection, also as an upgrade', async () => {
    const { sid } = JSON.parse((await app.as(user.accessToken).get(POLL).expect(200)).text.slice(1)) as { sid: string };
    const { accessToken: token } = await buildSignedIn(app);
    expectProblem(await app.as(token).get(`${POLL}&sid=${sid}`), 401, 'token_invalid');
    const upgrade = POLL.replace('polling', `websocket&sid=${sid}`);
    expect(await rejectedHandshake(app, upgrade, { token })).toMatchObject({ status: 401 });
  });

  it('leaves the routes of the application unchanged', async () => {
    await app.as(user.accessToken).get('/users/me').expect(200);
    expectProblem(await app.request.get('/users/me'), 401, 'token_missing');
    expectProblem(await app.request.get('/no-such-path'), 404, 'not_found');
    await app.request.get('/health/live').expect(200);
  });
});

it('records a rejected namespace in the audit trail', async () => {
  const { accessToken, id, sessionId } = await buildSignedIn(app);
  expect(await rejection('/admin', accessToken, WEBSOCKET)).toMatchObject({ message: 'forbidden' });
  await app.app.get(RejectionRecorder).flush();
  const sql = `SELECT reason, actor_id, actor_session_id FROM audit_events WHERE type = 'access_denied' AND actor_id = $1`;
  expect(await app.database.query(sql, [id])).toEqual([
    { reason: 'forbidden', actor_id: id, actor_session_id: sessionId },
  ]);
});

it('checks the role of a client that reconnects to a namespace with state recovery', async () => {
  const admin = await buildSignedIn(app, 'admin');
  const socket = await join('/admin', admin.accessToken, { ...WEBSOCKET, path: '/probe-recovering' });
  // The client stores the offset of the last message, which it needs to recover.
  const received = new Promise((resolve) => socket.once('news', resolve));
  app.app.get(RecoveringAdminGateway, { strict: false }).server.emit('news', 'first');
  await received;
  await app.database.query(`UPDATE users SET role = 'user' WHERE id = $1`, [admin.id]);
  const rejected = new Promise((resolve) => socket.once('connect_error', resolve));
  socket.io.engine.close();
  socket.connect();
  expect(await rejected).toMatchObject({ message: 'forbidden' });
});

it('accepts a token in the subprotocols, as browsers can send it', async () => {
  const socket = await join('/', null, { ...WEBSOCKET, protocols: ['bearer', user.accessToken] });
  expect(await socket.emitWithAck('whoami', 7)).toEqual({ email: user.email, body: 7 });
});

it('lets browsers ask which requests other origins may send', async () => {
  const preflight = app.request.options('/probe-games/?EIO=4&transport=polling');
  await preflight.set({ Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'GET' }).expect(204);
});

it('rejects a WebSocket handshake without a token for every path of socket.io', async () => {
  for (const path of [
    '/probe-games/?EIO=4&transport=websocket',
    '/probe-games/',
    '/probe-games',
    '/other?EIO=4&transport=websocket',
  ]) {
    expect(await rejectedHandshake(app, path)).toMatchObject({ status: 401, problem: { code: 'token_missing' } });
  }
});
