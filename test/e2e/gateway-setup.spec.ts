import { Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { pino } from 'pino';
import { WebSocketServer as OwnServer } from 'ws';
import { AppModule } from '../../src/app.module.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { createAdapter, setUpApp } from '../../src/server/http-setup.js';
import { buildSignedIn } from '../support/builders.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { stablePort } from '../support/stable-port.js';
import { TEST_SECRET, TestApp, type TestAppOptions } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const PORT = await stablePort();

@WebSocketGateway()
class RootGateway {}

@WebSocketGateway(PORT, { path: '/probe-events' })
class PortGateway {}

@Public()
@WebSocketGateway(PORT)
class PublicPortGateway {
  @WebSocketServer()
  server: unknown;

  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

@WebSocketGateway({ path: 'probe-chat' })
class ChatGateway {}

@Public()
@WebSocketGateway({ path: '/probe-chat/' })
class PublicChatGateway {}

@Roles('admin')
@WebSocketGateway({ path: '/probe-chat' })
class AdminChatGateway {}

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.create();
});
afterAll(() => database.drop());

function start(providers: Provider[], configure?: TestAppOptions['configure']): Promise<TestApp> {
  @Module({ providers })
  class GatewaysModule {}
  return TestApp.start({ imports: [GatewaysModule], database, ...(configure && { configure }) });
}

describe('the start fails', () => {
  const broken: [what: string, providers: Provider[], configure: TestAppOptions['configure'], message: string][] = [
    ['a gateway has its own port', [PortGateway], undefined, 'PortGateway has its own port'],
    ['a path is public and protected', [ChatGateway, PublicChatGateway], undefined, 'have the same path'],
    ['gateways of a path have different roles', [ChatGateway, AdminChatGateway], undefined, 'have the same path'],
    [
      'the adapter has no application',
      [RootGateway],
      (app) => app.useWebSocketAdapter(new WsAdapter()),
      'Pass the application to the WebSocket adapter',
    ],
  ];
  it.each(broken)('if %s', async (_, providers, configure, message) => {
    await expect(start(providers, configure)).rejects.toThrow(message);
  });
});

it('protects the adapter that a product sets on an application of NestFactory', async () => {
  @Module({ imports: [AppModule], providers: [RootGateway] })
  class RootModule {}

  const other = await start([]);
  const { accessToken: token } = await buildSignedIn(other);
  Object.assign(process.env, { DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET });
  const app = await NestFactory.create<NestExpressApplication>(RootModule, createAdapter(), { logger: false });
  setUpApp(app, other.config, pino({ level: 'silent' }));
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  expect(await rejectedHandshake({ url }, '/')).toMatchObject({ status: 401, problem: { code: 'token_missing' } });
  const client = await SocketClient.open({ url }, '/', { token });
  client.socket.send('{');
  expect(await client.closed).toEqual({ code: 1007, reason: 'malformed_message' });
  await app.close();
  await other.close();
});

it('guards the connections of a WebSocket server that the application attached itself', async () => {
  const app = await start([]);
  const server = new OwnServer({ server: app.app.getHttpServer(), path: '/own' });
  const received: string[] = [];
  server.on('connection', (socket) => socket.on('message', (data: Buffer) => received.push(data.toString())));
  expect(await rejectedHandshake(app, '/own')).toMatchObject({ status: 401, problem: { code: 'token_missing' } });
  const { accessToken: token } = await buildSignedIn(app);
  const client = await SocketClient.open(app, '/own', { token });
  client.socket.send('before');
  await until('the server receives a message', () => received.length > 0);
  await app.as(token).post('/auth/logout').expect(204);
  expect(await client.closed).toEqual({ code: 4401, reason: 'session_revoked' });
  expect(received).toEqual(['before']);
  server.close();
  await app.close();
});

it('starts with a public gateway that has its own port', async () => {
  const app = await start([PublicPortGateway, ChatGateway]);
  const client = await SocketClient.open({ url: `http://127.0.0.1:${PORT}` }, '/');
  expect(await client.ask('ping')).toBe('pong');
  client.socket.close();
  await app.close();
});
