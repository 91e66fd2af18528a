import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpAdapterHost } from '@nestjs/core';
import { until } from '../../test/support/until.js';
import type { Config } from '../config/env.js';
import { ConnectionDrain } from './connection-drain.js';
import { OpenConnections } from './streams/open-connections.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('ConnectionDrain', () => {
  let server: Server;
  let responses: ServerResponse[];
  let drain: ConnectionDrain;
  let announce: () => Promise<void>;
  beforeEach(async () => {
    responses = [];
    server = createServer((_, response) => void responses.push(response)).listen(0, '127.0.0.1');
    const httpAdapter: { getHttpServer(): Server; connections: OpenConnections; onStop?: () => Promise<void> } = {
      getHttpServer: () => server,
      connections: new OpenConnections(server),
    };
    const config = { http: { shutdownDelay: 0 } } as Config;
    drain = new ConnectionDrain({ httpAdapter } as unknown as HttpAdapterHost, config);
    drain.onModuleInit();
    announce = () => httpAdapter.onStop?.() ?? Promise.reject(new Error('The drain did not register.'));
    await once(server, 'listening');
  });
  afterEach(() => {
    drain.onApplicationShutdown();
    server.close();
  });

  function open(): Socket {
    return connect((server.address() as AddressInfo).port, '127.0.0.1');
  }

  /** Returns what a client reads whose pipelined requests are all running when the drain starts. */
  async function responsesTo(requests: number): Promise<string[]> {
    const socket = open();
    const read = text(socket);
    socket.write(REQUEST.repeat(requests));
    await until('all requests are running', () => responses.length === requests);
    await announce();
    const drained = drain.beforeApplicationShutdown('SIGTERM');
    for (const response of responses) response.end();
    await drained;
    return (await read).match(/^(HTTP.*|Connection:.*)/gm) ?? [];
  }

  it('closes the connection after the current response', async () => {
    expect(await responsesTo(1)).toEqual(['HTTP/1.1 200 OK', 'Connection: close']);
  });

  it('sends the responses of all pipelined requests', async () => {
    const kept = ['HTTP/1.1 200 OK', 'Connection: keep-alive'];
    expect(await responsesTo(2)).toEqual([...kept, ...kept]);
  });

  it.each([
    ['', 0],
    [', even if the process is busy for a second', 1_200],
  ])('serves a connection whose first request arrives after the listener has closed%s', async (_, busyMs) => {
    const connected = once(server, 'connection');
    const socket = open();
    const read = text(socket);
    await connected;
    await announce();
    await drain.beforeApplicationShutdown('SIGTERM');
    expect(server.listening).toBe(false);
    socket.write(REQUEST);
    for (const end = performance.now() + busyMs; performance.now() < end;);
    await until('the request is running', () => responses.length === 1);
    responses[0]?.end();
    expect(await read).toContain('Connection: close');
  });

  it('closes connections that send no request', async () => {
    const connected = once(server, 'connection');
    const read = text(open());
    await connected;
    await announce();
    await drain.beforeApplicationShutdown('SIGTERM');
    expect(await read).toBe('');
  });
});
