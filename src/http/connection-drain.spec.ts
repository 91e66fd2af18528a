import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpAdapterHost } from '@nestjs/core';
import { until } from '../../test/support/until.js';
import { ConnectionDrain } from './connection-drain.js';

describe('a drain', () => {
  /** What a client reads that sends so many requests, one behind the other, all of them under way when the drain begins. */
  async function answersTo(requests: number): Promise<string[]> {
    const held: ServerResponse[] = [];
    const server = createServer((_, response) => void held.push(response)).listen(0, '127.0.0.1');
    const drain = new ConnectionDrain({ httpAdapter: { getHttpServer: () => server } } as HttpAdapterHost);
    drain.onApplicationBootstrap();
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const read = text(socket);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests));
    await until('all are under way', () => held.length === requests);
    const drained = drain.beforeApplicationShutdown('SIGTERM');
    for (const response of held) response.end();
    await drained;
    drain.onApplicationShutdown();
    server.close();
    return (await read).match(/^(HTTP.*|Connection:.*)/gm) ?? [];
  }

  it('lets the connection of an answer under way go with it', async () => {
    expect(await answersTo(1)).toEqual(['HTTP/1.1 200 OK', 'Connection: close']);
  });

  it('leaves out no answer to requests that were sent one behind the other', async () => {
    const kept = ['HTTP/1.1 200 OK', 'Connection: keep-alive'];
    expect(await answersTo(2)).toEqual([...kept, ...kept]);
  });
});
