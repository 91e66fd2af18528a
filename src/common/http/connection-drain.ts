import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** How long, in milliseconds, a connection that is in use may take to ask once more and be told to leave. */
const DISMISSAL = 500;
/** How long, in milliseconds, requests that are under way may take. Less than what supervisors wait before they kill. */
const GRACE = 8_000;
const SWEEP_INTERVAL = 50;

/**
 * Empties the HTTP server at shutdown without dropping a request. `server.close()` alone cuts a connection whose
 * next request is on its way already, and then waits for every other one until its client leaves. So each busy
 * connection first gets `Connection: close` with one more answer; then idle ones are closed as they become
 * idle; and what is still there after the grace is cut: a request that never arrives whole would wait for ever.
 */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown, OnApplicationShutdown {
  private sweep: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** @param signal what ended the process; without one, somebody closed the application and no client is left */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    if (!server.listening) return;
    this.deadline = setTimeout(() => server.closeAllConnections(), GRACE);
    server.prependListener('request', dismiss);
    if (signal) await wait(DISMISSAL);
    this.sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.deadline);
    clearInterval(this.sweep);
  }
}

function dismiss(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Connection', 'close');
}
