import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { inOrder } from './pipelining.js';

describe('inOrder', () => {
  it('handles a pipelined request after the earlier response is finished', async () => {
    const responses: ServerResponse[] = [];
    const arrived: string[] = [];
    const server = createServer((request, response) => {
      arrived.push(request.url ?? '');
      inOrder(response, () => responses.push(response));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n');
    while (arrived.length < 2) await new Promise(setImmediate);
    expect(responses.map(({ req }) => req.url)).toEqual(['/first']);
    responses[0]?.end();
    while (responses.length < 2) await new Promise(setImmediate);
    expect(responses[1]?.req.url).toBe('/second');
    socket.destroy();
    server.close();
  });
});
