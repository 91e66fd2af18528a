import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Response } from 'express';
import type { GuardedRequest } from '../guarded-request.js';
import { ResponseStream } from './response-stream.js';
import { ServerStoppingError } from './streams.errors.js';

describe('ResponseStream', () => {
  const server = createServer();
  let port: number;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  /** Returns the stream of the next request, with its response. */
  async function nextStream(contentType: string): Promise<[stream: ResponseStream, response: ServerResponse]> {
    const [request, response] = (await once(server, 'request')) as [GuardedRequest, ServerResponse];
    response.setHeader('Content-Type', contentType);
    response.writeHead(200).write('data: first\n\n');
    Object.assign(request, { originalUrl: request.url });
    return [new ResponseStream(request, response as Response), response];
  }

  async function open(): Promise<IncomingMessage> {
    const [response] = (await once(
      get({ host: '127.0.0.1', port, path: '/events?a=1', agent: false }),
      'response',
    )) as [IncomingMessage];
    return response;
  }

  it('ends an event stream with a problem document', async () => {
    const opened = nextStream('text/event-stream; charset=utf-8');
    const client = await open();
    const [stream] = await opened;
    const received = text(client);
    await stream.close(new ServerStoppingError());
    const [, event, data = ''] = /\n\nevent: (\w+)\ndata: (.*)\n\n$/.exec(await received) ?? [];
    expect(event).toBe('closed');
    expect(JSON.parse(data)).toMatchObject({ code: 'server_stopping', status: 503, instance: '/events' });
  });

  it('ignores events that are written after its end', async () => {
    const opened = nextStream('text/event-stream');
    const client = await open();
    const [stream, response] = await opened;
    const received = text(client);
    const closed = stream.close(new ServerStoppingError());
    response.write('data: late\n\n');
    await closed;
    expect(await received).not.toContain('late');
  });

  it('closes the connection of a client that does not read', async () => {
    const opened = nextStream('text/event-stream');
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [stream, response] = await opened;
    client.pause();
    response.write('x'.repeat(32 * 1_048_576));
    stream.beat();
    await expect(stream.close(new ServerStoppingError())).resolves.toBeUndefined();
    client.destroy();
  });

  it('cuts off a download', async () => {
    const opened = nextStream('application/octet-stream');
    const client = await open();
    const [stream] = await opened;
    const received = text(client);
    await stream.close(new ServerStoppingError());
    await expect(received).rejects.toThrow('aborted');
  });

  it('writes a comment to an event stream, and nothing to a download', async () => {
    for (const [type, added] of [
      ['text/event-stream', ':\n'],
      ['application/octet-stream', ''],
    ] as const) {
      const opened = nextStream(type);
      const client = await open();
      const [stream, response] = await opened;
      stream.beat();
      response.end();
      expect(await text(client)).toBe(`data: first\n\n${added}`);
    }
  });
});
