import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ConflictException, Module, UseGuards, type CanActivate } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { IsInt } from 'class-validator';
import { WebSocketServer } from 'ws';
import type { Principal } from '../../src/common/principal.js';
import { CurrentPrincipal } from '../../src/http/current-principal.decorator.js';
import type { GuardedRequest } from '../../src/http/guarded-request.js';
import { NotFoundError } from '../../src/http/http.errors.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { CurrentUser } from '../../src/users/current-user.decorator.js';
import type { User } from '../../src/users/user.entity.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { exchange, openSocket, rawRequest, readToEnd } from '../support/raw-http.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { TestApp, type TestAppOptions } from '../support/test-app.js';
import { until } from '../support/until.js';

class RejectingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class ProbeAmountDto {
  @IsInt()
  amount!: number;
}

/** As `nest g gateway` writes it. */
@WebSocketGateway()
class PlainGateway {
  @SubscribeMessage('message')
  handleMessage(_client: unknown, payload: string): string {
    return `Hello ${payload}!`;
  }
}

@WebSocketGateway({ path: '/probe-chat' })
class ChatGateway {
  static readonly connected: string[] = [];
  static readonly received: string[] = [];

  handleConnection(_client: unknown, request: IncomingMessage): void {
    const { principal } = request as GuardedRequest;
    ChatGateway.connected.push(principal?.userId ?? 'nobody');
  }

  @SubscribeMessage('whoami')
  whoAmI(@CurrentUser() user: User, @CurrentPrincipal() { sessionId, role }: Principal): unknown {
    return { email: user.email, sessionId, role };
  }

  @SubscribeMessage('notify')
  notify(@CurrentUser() { id }: User): void {
    ChatGateway.received.push(id);
  }

  @UseGuards(RejectingGuard)
  @SubscribeMessage('closed')
  closed(): string {
    return 'open';
  }

  @Roles('admin')
  @SubscribeMessage('secret')
  secret(): string {
    return 'secret';
  }

  @SubscribeMessage('pay')
  pay(@MessageBody() { amount }: ProbeAmountDto): number {
    return amount;
  }

  @SubscribeMessage('fail')
  fail(@MessageBody() kind: string): void {
    if (kind === 'domain') throw new NotFoundError();
    if (kind === 'http') throw new ConflictException('Taken.');
    if (kind === 'ws') throw new WsException('Not now.');
    throw new Error('secret of the database');
  }
}

@Roles('admin')
@WebSocketGateway({ path: '/probe-admin-feed' })
class AdminGateway {}

@Public()
@WebSocketGateway({ path: '/probe-public' })
class PublicGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

@Module({ providers: [PlainGateway, ChatGateway, AdminGateway, PublicGateway] })
class GatewaysModule {}

const env = {
  CORS_ORIGINS: 'https://app.example.com,https://*.example.org',
  PUBLIC_URL: 'https://gatehouse.example.com',
};
const adapters: [what: string, options: TestAppOptions][] = [
  ['the default adapter', {}],
  ['the adapter of Nest’s documentation', { configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)) }],
];

describe.each(adapters)('a gateway with %s', (_, options) => {
  let app: TestApp;
  let user: SignedIn;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start({ ...options, env, imports: [GatewaysModule] });
    user = await buildSignedIn(app);
    token = user.accessToken;
  });
  afterAll(() => app.close());

  it.each(['/', '/probe-chat', '/probe-admin-feed', '/no-such-path'])(
    'rejects a handshake without a token at %s',
    async (path) => {
      ChatGateway.connected.splice(0);
      const { status, headers, problem } = await rejectedHandshake(app, path);
      expect(status).toBe(401);
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'www-authenticate': 'Bearer',
        'cache-control': 'no-store',
      });
      expect(problem).toMatchObject({ code: 'token_missing', instance: path, requestId: headers['x-request-id'] });
      expect(ChatGateway.connected).toEqual([]);
    },
  );

  const invalid: [
    what: string,
    path: string,
    handshake: () => Parameters<typeof rejectedHandshake>[2],
    code: string,
  ][] = [
    ['an invalid token', '/probe-chat', () => ({ token: `${token}x` }), 'token_invalid'],
    ['an invalid subprotocol token', '/probe-chat', () => ({ protocols: ['bearer', 'x.y.z'] }), 'token_invalid'],
    ['a subprotocol without a token', '/probe-chat', () => ({ protocols: ['bearer'] }), 'token_invalid'],
    ['two tokens', '/probe-chat', () => ({ token, protocols: ['bearer', token] }), 'token_invalid'],
    ['a token in the query string', '/probe-chat?access_token={token}', () => ({}), 'token_missing'],
    ['a token in a cookie', '/probe-chat', () => ({ headers: { Cookie: `access_token=${token}` } }), 'token_missing'],
    ['a token as the only subprotocol', '/probe-chat', () => ({ protocols: [token] }), 'token_missing'],
  ];
  it.each(invalid)('rejects a handshake with %s', async (_what, path, handshake, code) => {
    const { status, problem } = await rejectedHandshake(app, path.replace('{token}', token), handshake());
    expect({ status, code: problem['code'] }).toEqual({ status: 401, code });
  });

  it('rejects a handshake of a revoked session', async () => {
    const revoked = await buildSignedIn(app);
    await app.as(revoked.accessToken).post('/auth/logout').expect(204);
    const { status, problem } = await rejectedHandshake(app, '/probe-chat', { token: revoked.accessToken });
    expect({ status, problem }).toMatchObject({ status: 401, problem: { code: 'session_revoked', reason: 'logout' } });
  });

  it('rejects a handshake of a role that the gateway does not allow', async () => {
    const { status, problem } = await rejectedHandshake(app, '/probe-admin-feed', { token });
    expect({ status, code: problem['code'] }).toEqual({ status: 403, code: 'forbidden' });
    const { accessToken } = await buildSignedIn(app, 'admin');
    const admin = await SocketClient.open(app, '/probe-admin-feed', { token: accessToken });
    admin.socket.close();
  });

  it.each(['/no-such-path', '/probe-chat/below', '/probe-chats'])(
    'answers a handshake at %s with 404',
    async (path) => {
      const { status, headers, problem } = await rejectedHandshake(app, path, { token });
      expect({ status, code: problem['code'] }).toEqual({ status: 404, code: 'not_found' });
      expect(headers.connection).toBe('close');
    },
  );

  it.each(['h2c', 'h2c, websocket', 'TLS/1.0'])('ignores an upgrade to %s', async (protocol) => {
    const headers = ['Connection: Upgrade, close', `Upgrade: ${protocol}`, `Authorization: Bearer ${token}`];
    const answer = await exchange(app, rawRequest('GET /users/me', headers));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, expect.objectContaining({ id: user.id })]);
    expect((await exchange(app, rawRequest('GET /users/me', headers.slice(0, 2)))).status).toBe(401);
    const json = JSON.stringify({ name: 'Grace' });
    const patch = [...headers, 'Content-Type: application/json', `Content-Length: ${json.length}`];
    const patched = await exchange(app, rawRequest('PATCH /users/me', patch, json));
    expect([patched.status, JSON.parse(patched.body)]).toEqual([200, expect.objectContaining({ name: 'Grace' })]);
  });

  it('keeps the number of listeners when a connection ignores many upgrades', async () => {
    const accepted = once(app.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const client = await openSocket(app);
    const [socket] = await accepted;
    const counts: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      client.write('GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      await once(client, 'data');
      counts.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0));
    }
    client.destroy();
    expect(Math.max(...counts.slice(2))).toBe(counts[1]);
  });

  it.each(['/probe-chat/../probe-public', '/probe-public/../probe-chat', '//probe-public', '/probe-public/./'])(
    'rejects the ambiguous path %s with 400',
    async (path) => {
      const { status, problem } = await rejectedHandshake(app, path, { token });
      expect({ status, code: problem['code'] }).toEqual({ status: 400, code: 'bad_request' });
    },
  );

  it('accepts a token in the Authorization header', async () => {
    const client = await SocketClient.open(app, '/', { token });
    expect(await client.ask('message', 'world')).toBe('Hello world!');
    expect(client.socket.protocol).toBe('');
    client.socket.close();
  });

  it.each([
    [['bearer', '{token}'], 'bearer'],
    [['chat.v1', 'bearer', '{token}'], 'chat.v1'],
    [['bearer', '{token}', 'chat.v1', 'chat.v2'], 'chat.v1'],
  ])('accepts a token in the subprotocols %j and selects %s', async (protocols, selected) => {
    ChatGateway.connected.splice(0);
    const client = await SocketClient.open(app, '/probe-chat', {
      protocols: protocols.map((p) => p.replace('{token}', token)),
    });
    expect(client.socket.protocol).toBe(selected);
    expect(ChatGateway.connected).toEqual([user.id]);
    client.socket.close();
  });

  it('provides the user and the principal to message handlers', async () => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    const { email, sessionId } = user;
    expect(await client.ask('whoami')).toEqual({ email, sessionId, role: 'user' });
    client.socket.close();
  });

  it('rejects messages of a revoked session', async () => {
    const revoked = await buildSignedIn(app);
    const client = await SocketClient.open(app, '/probe-chat', { token: revoked.accessToken });
    await app.as(revoked.accessToken).post('/auth/logout').expect(204);
    const rejected = exception(401, 'session_revoked', { reason: 'logout' });
    // The check of open streams, once a second, can close the connection first.
    const closed = { code: 4401, reason: 'session_revoked' };
    expect([rejected, closed]).toContainEqual(await Promise.race([client.ask('whoami'), client.closed]));
    client.socket.close();
  });

  it('checks the role of each message', async () => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    expect(await client.ask('secret')).toEqual(exception(403, 'forbidden'));
    await app.database.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
    expect(await client.ask('secret')).toBe('secret');
    await app.database.query(`UPDATE users SET role = 'user' WHERE id = $1`, [user.id]);
    client.socket.close();
  });

  it('answers a message that a guard rejects with status 403', async () => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    expect(await client.ask('closed')).toEqual(exception(403, 'forbidden'));
    client.socket.close();
  });

  it('validates message bodies against their DTO', async () => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    expect(await client.ask('pay', { amount: 5 })).toBe(5);
    const errors = [
      { pointer: '/extra', code: 'unknown_field', params: {}, message: 'is not a field of this request' },
    ];
    expect(await client.ask('pay', { amount: 5, extra: 1 })).toEqual(exception(400, 'validation_failed', { errors }));
    client.socket.close();
  });

  it.each([
    ['domain', 404, 'not_found', 'No such route.'],
    ['http', 409, 'conflict', 'Taken.'],
    ['ws', 400, 'bad_request', 'Not now.'],
    ['unexpected', 500, 'internal_error', 'An internal error occurred. Report the request ID to support.'],
  ])('reports a %s error with status %d and code %s', async (kind, status, code, detail) => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    expect(await client.ask('fail', kind)).toEqual({ event: 'exception', data: { status, code, detail } });
    client.socket.close();
  });

  it.each([
    ['not JSON', '{', 1007, 'malformed_message'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 1007, 'malformed_message'],
    ['larger than 100 kB', JSON.stringify({ event: 'whoami', data: 'x'.repeat(102_400) }), 1009, ''],
  ])('closes a connection that sends a message that is %s', async (_what, message, code, reason) => {
    const client = await SocketClient.open(app, '/probe-chat', { token });
    const other = await SocketClient.open(app, '/probe-chat', { token });
    client.socket.send(message);
    expect(await client.closed).toEqual({ code, reason });
    expect(await other.ask('whoami')).toMatchObject({ sessionId: user.sessionId });
    other.socket.close();
  });

  it.each(['https://evil.example.com', 'https://a.b.example.org', 'null'])(
    'rejects a handshake of a page with the origin %s',
    async (origin) => {
      const rejected = await rejectedHandshake(app, '/probe-chat', { token, headers: { Origin: origin } });
      expect(rejected).toMatchObject({ status: 403, problem: { code: 'origin_not_allowed' } });
    },
  );

  it.each(['https://app.example.com', 'https://a.example.org', env.PUBLIC_URL, '{own}'])(
    'accepts a handshake of a page with the origin %s',
    async (origin) => {
      const headers = { Origin: origin.replace('{own}', app.url) };
      const client = await SocketClient.open(app, '/probe-chat', { token, headers });
      expect(await client.ask('whoami')).toMatchObject({ sessionId: user.sessionId });
      client.socket.close();
    },
  );

  it('handles messages that arrive with the handshake only after it was accepted', async () => {
    const { received } = ChatGateway;
    received.splice(0);
    const rejected = await exchange(app, handshakeWithMessage(`${token}x`));
    expect(rejected.status).toBe(401);
    expect(received).toEqual([]);
    const socket = await openSocket(app);
    socket.write(handshakeWithMessage(token));
    await until('the message is handled', () => received.length > 0);
    expect(received).toEqual([user.id]);
    socket.destroy();
  });

  it('closes a connection whose handshake follows an unfinished request', async () => {
    const request = `GET /users/me HTTP/1.1\r\nHost: gatehouse.test\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const socket = await openSocket(app);
    socket.write(Buffer.concat([Buffer.from(request), handshakeWithMessage(token)]));
    expect(await readToEnd(socket)).not.toContain('101 Switching Protocols');
    await app.as(token).get('/users/me').expect(200);
  });

  it('accepts a handshake with an absolute target', async () => {
    const handshake = handshakeWithMessage(token).toString('latin1').replace('GET /', 'GET http://gatehouse.test/');
    const { received } = ChatGateway;
    received.splice(0);
    const socket = await openSocket(app);
    socket.write(handshake, 'latin1');
    await until('the message is handled', () => received.length > 0);
    expect(received).toEqual([user.id]);
    socket.destroy();
  });

  it.each(['Host: [', 'Host: a b', 'Host: ', 'Host: a\r\nHost: b'])('rejects a handshake with %j', async (host) => {
    const handshake = handshakeWithMessage(token).toString().replace('Host: gatehouse.test', host);
    expect((await exchange(app, handshake)).status).toBe(400);
    const socket = await openSocket(app);
    socket.write(handshake, () => socket.resetAndDestroy());
    await app.as(token).get('/users/me').expect(200);
  });

  it('is open to everyone if it is public', async () => {
    const client = await SocketClient.open(app, '/probe-public');
    expect(await client.ask('ping')).toBe('pong');
    client.socket.close();
  });

  it('protects a WebSocket server that the application attached itself', async () => {
    const server = new WebSocketServer({ server: app.app.getHttpServer(), path: '/own' });
    expect(await rejectedHandshake(app, '/own')).toMatchObject({ status: 401 });
    server.close();
  });
});

/** Returns the bytes of a handshake at `/probe-chat` and of a message that does not wait for the response. */
function handshakeWithMessage(token: string): Buffer {
  const headers = [
    'Host: gatehouse.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
    `Authorization: Bearer ${token}`,
  ];
  const message = Buffer.from(JSON.stringify({ event: 'notify' }));
  // A final text frame, masked with zeros (RFC 6455 §5.2).
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), message]);
  return Buffer.concat([Buffer.from(`GET /probe-chat HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`), frame]);
}

/** Returns the message that reports an error. */
function exception(status: number, code: string, members: Readonly<Record<string, unknown>> = {}): unknown {
  return { event: 'exception', data: expect.objectContaining({ status, code, ...members }) };
}
