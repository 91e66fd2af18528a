import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpAdapterHost } from '@nestjs/core';
import { until } from '../../test/support/until.js';
import { ConnectionDrain } from './connection-drain.js';
import { OpenConnections } from './streams/open-connections.js';

describe('ConnectionDrain', () => {
  /** Returns what a client reads whose pipelined requests are all running when the drain starts. */
  async function responsesTo(requests: number): Promise<string[]> {
    const responses: ServerResponse[] = [];
    const server = createServer((_, response) => void responses.push(response)).listen(0, '127.0.0.1');
    const connections = new OpenConnections(server);
    const drain = new ConnectionDrain({
      httpAdapter: { getHttpServer: () => server, connections } as unknown as HttpAdapterHost['httpAdapter'],
    } as HttpAdapterHost);
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const read = text(socket);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests));
    await until('all requests are running', () => responses.length === requests);
    const drained = drain.beforeApplicationShutdown('SIGTERM');
    for (const response of responses) response.end();
    await drained;
    drain.onApplicationShutdown();
    server.close();
    return (await read).match(/^(HTTP.*|Connection:.*)/gm) ?? [];
  }

  it('closes the connection after the current response', async () => {
    expect(await responsesTo(1)).toEqual(['HTTP/1.1 200 OK', 'Connection: close']);
  });

  it('sends the responses of all pipelined requests', async () => {
    const kept = ['HTTP/1.1 200 OK', 'Connection: keep-alive'];
    expect(await responsesTo(2)).toEqual([...kept, ...kept]);
  });
});
