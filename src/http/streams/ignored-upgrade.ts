import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Returns whether a request asks for a protocol that no gateway speaks, such as `h2c`. */
export function isOtherProtocol({ headers: { upgrade } }: IncomingMessage): boolean {
  return upgrade?.toLowerCase() !== 'websocket';
}

/**
 * Passes a request back to the server without its `Upgrade` header, so that it gets a normal response (RFC 9110 §7.8).
 * Node reports every upgrade as such once the server has a listener for upgrades, and has not parsed the body.
 *
 * @param rest what Node has read after the headers
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Socket, rest: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]));
  server.emit('connection', socket);
}
