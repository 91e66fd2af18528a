import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Response } from 'express';
import { WebSocket, WebSocketServer } from 'ws';
import type { GuardedRequest } from '../guarded-request.js';
import { SocketStream } from './socket-stream.js';
import { ServerStoppingError, TooManyStreamsError } from './streams.errors.js';

const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
];

describe('SocketStream', () => {
  const server = createServer();
  const webSockets = new WebSocketServer({ noServer: true });
  let port: number;
  /** The stream of the last handshake. */
  let stream: SocketStream;
  let accepts: boolean;
  server.on('upgrade', (request, socket: Socket, head) => {
    stream = new SocketStream(request as GuardedRequest, { locals: {} } as Response, socket);
    if (accepts) webSockets.handleUpgrade(request, socket, head, (client) => webSockets.emit('connection', client));
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => (accepts = true));
  afterAll(() => server.close());

  async function open(options = {}): Promise<WebSocket> {
    const client = new WebSocket(`ws://127.0.0.1:${port}`, options);
    await once(client, 'open');
    return client;
  }

  it.each([
    [new TooManyStreamsError(), 1013],
    [new ServerStoppingError(), 1001],
  ])('closes a WebSocket with the code of the error and %s as reason', async (error, code) => {
    const client = await open();
    const closed = once(client, 'close');
    await stream.close(error);
    expect((await closed).map(String)).toEqual([String(code), error.code]);
  });

  it('closes the connection of a client that does not respond', async () => {
    const client = connect(port, '127.0.0.1');
    client.write(`${HANDSHAKE.join('\r\n')}\r\n\r\n`);
    await once(client, 'data');
    client.pause();
    await stream.close(new ServerStoppingError());
    client.destroy();
    expect(stream.isClosing).toBe(true);
  });

  it('sends no frame before the handshake is accepted', async () => {
    accepts = false;
    const client = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk));
    client.write(`${HANDSHAKE.join('\r\n')}\r\n\r\n`);
    await once(server, 'upgrade');
    stream.beat();
    await stream.close(new ServerStoppingError());
    await once(client, 'close');
    expect(received).toEqual([]);
  });

  it('keeps a client that answers pings', async () => {
    const client = await open();
    for (let i = 0; i < 3; i++) {
      const ping = once(client, 'ping');
      const pong = new Promise((resolve) => [...webSockets.clients].at(-1)?.once('pong', resolve));
      stream.beat();
      await ping;
      await pong;
    }
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.close();
  });

  it('closes the connection of a client that has not answered the last ping', async () => {
    const client = await open({ autoPong: false });
    const closed = once(client, 'close');
    stream.beat();
    await once(client, 'ping');
    stream.beat();
    expect((await closed)[0]).toBe(1006);
  });
});
