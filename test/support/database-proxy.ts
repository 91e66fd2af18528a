import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrontendReader } from './frontend-reader.js';
import { stablePort } from './stable-port.js';

/** ReadyForQuery, outside a transaction. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const ADMIN_SHUTDOWN = errorResponse('57P01', 'terminating connection due to administrator command');

/** Stands between the application and PostgreSQL: counts what passes, and fails in all the ways that a network fails. */
export class DatabaseProxy {
  /** Statements that the database was asked to run, of all connections: each is waited for. */
  statements = 0;
  /** How many of them only began or ended a transaction. */
  transactionMarks = 0;
  /** Connections that were ever accepted. */
  connections = 0;
  /** Called for each statement, before it is passed on. */
  onStatement: () => void = () => undefined;

  /** Whether the server ends each connection in the very packet that says it is ready, as one that shuts down may. */
  endsNewConnections = false;

  private readonly sockets = new Set<Socket>();
  private readonly silenced = new WeakSet<Socket>();
  private frozen = false;
  private held: (() => void)[] = [];

  private constructor(
    private server: Server,
    private readonly port: number,
    private readonly target: URL,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** @param url any database of the server to stand in front of */
  static async start(url: string): Promise<DatabaseProxy> {
    const port = await stablePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new DatabaseProxy(server, port, new URL(url));
  }

  /** The same database through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Ends all connections without a word. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nobody listens any more: new connections are refused. */
  async refuse(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }

  /** A black hole: connections are accepted, and nothing passes in either direction. */
  freeze(): void {
    this.frozen = true;
  }

  /** The connections that there are go silent for good, as behind a router that forgot them. New ones are well. */
  silence(): void {
    for (const socket of this.sockets) this.silenced.add(socket);
  }

  /** All is well again. What was held on the way arrives late, as after a broken line. */
  async heal(): Promise<void> {
    this.frozen = false;
    for (const pass of this.held.splice(0)) pass();
    if (this.server.listening) return;
    this.server = createServer((socket) => this.accept(socket)).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    await this.refuse();
    this.cut();
  }

  private accept(client: Socket): void {
    this.connections += 1;
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
    if (this.frozen) this.held.push(action);
    else action();
  }
}

/** PostgreSQL's ErrorResponse message of the severity FATAL. */
function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
