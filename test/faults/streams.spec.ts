import { buildSignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { EventStream } from '../support/event-stream.js';
import { ProbeStreamsModule } from '../support/probe-streams-module.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('while the database is unavailable', () => {
  let direct: TestApp;
  let app: TestApp;
  let proxy: DatabaseProxy;
  beforeAll(async () => {
    direct = await TestApp.start();
    [app, proxy] = await TestApp.startProxied(direct, { imports: [ProbeStreamsModule] });
  });
  afterAll(async () => {
    await app.close();
    await direct.close();
  });
  afterEach(() => proxy.heal());

  async function openStreams() {
    const session = await buildSignedIn(direct);
    const socket = await SocketClient.open(app, '/probe-chat', { token: session.accessToken });
    return { session, socket, events: await EventStream.open(app, '/probe-events', session.accessToken) };
  }

  async function interrupt(): Promise<void> {
    await proxy.rejectConnections();
    proxy.cut();
  }

  it('a handshake and a message of a WebSocket fail with database_unavailable', async () => {
    const { session, socket, events } = await openStreams();
    await interrupt();
    expect(await rejectedHandshake(app, '/probe-chat', { token: session.accessToken })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      problem: { code: 'database_unavailable' },
    });
    expect(await socket.ask('ping')).toMatchObject({ data: { status: 503, code: 'database_unavailable' } });
    await proxy.heal();
    await until('messages are handled again', async () => (await socket.ask('ping')) === 'pong');
    expect(events.isOpen).toBe(true);
    socket.socket.close();
    events.close();
  });

  it('streams stay open for seconds, and then close if their session was revoked', async () => {
    const { session, socket, events } = await openStreams();
    await interrupt();
    await direct.as(session.accessToken).post('/auth/logout').expect(204);
    await proxy.heal();
    expect(await socket.closed).toEqual({ code: 4401, reason: 'session_revoked' });
    await events.ended;
    expect(events.last('closed')).toMatchObject({ code: 'session_revoked' });
  });
});
