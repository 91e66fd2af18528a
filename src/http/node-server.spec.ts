import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { configureNodeServer } from './node-server.js';

describe('configureNodeServer', () => {
  it('keeps idle connections for KEEP_ALIVE_TIMEOUT, also beyond the timeout of busy ones', async () => {
    const server = createServer((_, response) => response.end());
    configureNodeServer(server, { uploadTimeout: 60_000, keepAliveTimeout: 620_000 });
    const connection = once(server, 'connection') as Promise<[Socket]>;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const agent = new Agent({ keepAlive: true });
    const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    const [socket] = await connection;
    agent.destroy();
    server.close();
    expect(response.headers['keep-alive']).toBe('timeout=620');
    expect(socket.timeout).toBeGreaterThanOrEqual(620_000);
  });
});
