import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrontendReader } from './frontend-reader.js';
import { stablePort } from './stable-port.js';

/** The message ReadyForQuery, outside a transaction. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const ADMIN_SHUTDOWN = errorResponse('57P01', 'terminating connection due to administrator command');

/** Forwards connections to PostgreSQL, counts statements, and simulates network failures. */
export class DatabaseProxy {
  /** The number of statements on all connections. Each costs a round trip. */
  statements = 0;
  /** The number of statements that only begin or end a transaction. */
  transactionMarks = 0;
  /** The number of accepted connections. */
  connections = 0;
  /** Called before a statement is forwarded. */
  onStatement: () => void = () => undefined;

  /** Whether the server closes each connection in the packet that reports it as ready, as it may do during a shutdown. */
  endsNewConnections = false;

  private readonly sockets = new Set<Socket>();
  private readonly clients = new Set<Socket>();
  private readonly silenced = new WeakSet<Socket>();
  private frozen = false;
  private delayed: (() => void)[] = [];

  private constructor(
    private server: Server,
    private readonly port: number,
    private readonly target: URL,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** @param url any database of the server */
  static async start(url: string): Promise<DatabaseProxy> {
    const port = await stablePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new DatabaseProxy(server, port, new URL(url));
  }

  /** The URL of the database through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Sends data to all clients, as if the server had sent it. */
  sendToClients(data: Buffer): void {
    for (const socket of this.clients) socket.write(data);
  }

  /** Drops all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Drops all connections and rejects new ones. */
  async rejectConnections(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }

  /** Accepts connections but forwards no data in either direction. */
  freeze(): void {
    this.frozen = true;
  }

  /** Stops forwarding data on existing connections for good, as a router that lost its state. New ones work. */
  silence(): void {
    for (const socket of this.sockets) this.silenced.add(socket);
  }

  /** Works normally again. Delivers the delayed data. */
  async heal(): Promise<void> {
    this.frozen = false;
    for (const pass of this.delayed.splice(0)) pass();
    if (this.server.listening) return;
    this.server = createServer((socket) => this.accept(socket)).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    await this.rejectConnections();
    this.cut();
  }

  private accept(client: Socket): void {
    this.connections += 1;
    this.clients.add(client);
    client.on('close', () => this.clients.delete(client));
    const server = connect(Number(this.target.port || 5432), this.target.hostname);
    const reader = new FrontendReader((isTransaction) => {
      this.statements += 1;
      if (isTransaction) this.transactionMarks += 1;
      this.onStatement();
    });
    client.on('data', (chunk) => reader.read(chunk));
    this.pipe(client, server);
    this.pipe(server, client, (chunk) =>
      this.endsNewConnections && chunk.includes(READY) ? Buffer.concat([chunk, ADMIN_SHUTDOWN]) : chunk,
    );
  }

  private pipe(from: Socket, to: Socket, edit = (chunk: Buffer) => chunk): void {
    this.sockets.add(from);
    from.setNoDelay();
    from.on('data', (chunk) => {
      if (!this.silenced.has(from)) this.pass(() => to.write(edit(chunk)));
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      this.pass(() => to.destroySoon());
    });
  }

  private pass(action: () => void): void {
    if (this.frozen) this.delayed.push(action);
    else action();
  }
}

/** Returns an ErrorResponse message with severity FATAL. */
function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
