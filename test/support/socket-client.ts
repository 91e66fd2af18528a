import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { RunningApp } from './running-app.js';

export interface Handshake {
  /** Sent in `Authorization`. */
  readonly token?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The response to a rejected handshake. */
export interface RejectedHandshake {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly problem: Readonly<Record<string, unknown>>;
}

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** An open WebSocket that sends and receives the JSON messages of Nest. */
export class SocketClient {
  readonly closed: Promise<Closed>;
  private readonly received: unknown[] = [];
  private waiting: ((message: unknown) => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    this.closed = once(socket, 'close').then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
    socket.on('message', (data: Buffer) => {
      const message: unknown = JSON.parse(data.toString());
      const next = this.waiting.shift();
      if (next) next(message);
      else this.received.push(message);
    });
  }

  static async open(
    { url: base }: Pick<RunningApp, 'url'>,
    path: string,
    { token, protocols = [], headers = {} }: Handshake = {},
  ): Promise<SocketClient> {
    const url = `${base.replace('http', 'ws')}${path}`;
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const client = new SocketClient(new WebSocket(url, [...protocols], { headers: { ...headers, ...authorization } }));
    await once(client.socket, 'open');
    return client;
  }

  /** Sends a message and returns the next message from the server. */
  async ask(event: string, data?: unknown): Promise<unknown> {
    this.socket.send(JSON.stringify({ event, data }));
    return this.next();
  }

  /** Returns the next message from the server. */
  next(): Promise<unknown> {
    if (this.received.length > 0) return Promise.resolve(this.received.shift());
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/**
 * Returns the response to a handshake that the server rejects. Sends the path unchanged, unlike a WebSocket client.
 *
 * @throws Error if the server accepts it
 */
export async function rejectedHandshake(
  app: Pick<RunningApp, 'url'>,
  path: string,
  { token, protocols = [], headers = {} }: Handshake = {},
): Promise<RejectedHandshake> {
  const request = get(app.url, {
    path,
    headers: {
      ...headers,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
  });
  request.on('upgrade', (_response, socket) => socket.destroy(new Error(`The handshake at ${path} was accepted.`)));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const problem = JSON.parse(await text(response)) as Record<string, unknown>;
  return { status: response.statusCode, headers: response.headers, problem };
}
