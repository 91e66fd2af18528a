import { connect, type Socket } from 'node:net';
import type { TestApp } from './test-app.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Opens a connection to an instance, for bytes that no HTTP client would send. */
export function openSocket(app: TestApp): Promise<Socket> {
  const { hostname, port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(port), hostname, () => resolve(socket)).once('error', reject);
  });
}

/** Reads until the server closes the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends bytes unchanged and reads the first response. The server must close the connection. */
export async function exchange(app: TestApp, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = await openSocket(app);
  socket.write(bytes);
  return parseAnswer(await readToEnd(socket));
}

/** Returns the bytes of a request, with `Connection: close` so that the response ends with the connection. */
export function rawRequest(line: string, headers: readonly string[] = [], body: string | Buffer = ''): Buffer {
  const head = [`${line} HTTP/1.1`, 'Host: gatehouse.test', 'Connection: close', ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()] as const;
  });
  return { status: Number(line.split(' ')[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}
