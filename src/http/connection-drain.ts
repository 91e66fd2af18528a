import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** How long, in milliseconds, a connection that is in use may take to ask once more and be told to leave. */
const DISMISSAL = 500;
/** How long, in milliseconds, requests that are under way may take. Less than what supervisors wait before they kill. */
const GRACE = 8_000;
const SWEEP_INTERVAL = 50;

/** Node notes on a connection which answer is under way, and on its parser which request came last. It says so nowhere. */
type Connection = Socket & {
  readonly _httpMessage?: ServerResponse | null;
  readonly parser?: { readonly incoming: IncomingMessage | null } | null;
};

/**
 * Empties the HTTP server at shutdown without dropping a request. `server.close()` alone cuts a connection whose
 * next request is on its way already, and then waits for every other one until its client leaves. So each busy
 * connection first gets `Connection: close`, with the answer under way or with one more; then idle ones are closed as
 * they become idle; and what is still there after the grace is cut: a request that never arrives whole would wait for
 * ever.
 */
@Injectable()
export class ConnectionDrain implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly connections = new Set<Connection>();
  private sweep: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    this.server().on('connection', (connection: Connection) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
  }

  /** @param signal what ended the process; without one, somebody closed the application and no client is left */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    const server = this.server();
    if (!server.listening) return;
    this.deadline = setTimeout(() => server.closeAllConnections(), GRACE);
    for (const { _httpMessage: answer, parser } of this.connections) {
      // Other requests may be behind it: their answers would not be sent any more.
      const isLast = answer?.req === parser?.incoming;
      if (answer && isLast && !answer.headersSent) dismiss(answer);
    }
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => dismiss(response));
    if (signal) await wait(DISMISSAL);
    this.sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.deadline);
    clearInterval(this.sweep);
  }

  private server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }
}

function dismiss(response: ServerResponse): void {
  response.setHeader('Connection', 'close');
}
