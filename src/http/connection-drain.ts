import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { GatehouseAdapter } from './express.adapter.js';

/** Clients of busy connections can send one more request in this time. Its response closes the connection. */
const LAST_REQUEST_MS = 500;
/** Shorter than the time that supervisors wait before they kill a process. */
const DRAIN_TIMEOUT_MS = 8_000;
const SWEEP_INTERVAL_MS = 50;

/**
 * Drains the HTTP server at shutdown without dropping a request. `server.close()` alone would cut connections whose
 * next request is already on its way, and would wait for all others until their clients close them.
 *
 * 1. Busy connections get `Connection: close` with the current response or with the next one.
 * 2. Idle connections are closed.
 * 3. After `DRAIN_TIMEOUT_MS` all others are closed, for example those whose request is never complete.
 *
 * `StreamGuard` closes WebSockets and event streams.
 */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown, OnApplicationShutdown {
  private sweep: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** @param signal absent if a test or a command closes the application. It then has no clients. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    const { httpAdapter } = this.host as unknown as { httpAdapter?: GatehouseAdapter };
    const server = httpAdapter?.getHttpServer();
    if (!server?.listening) return;
    this.deadline = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    for (const { _httpMessage: response, parser } of httpAdapter?.connections ?? []) {
      // A pipelined request may follow. Closing the connection would drop its response.
      const isLast = response?.req === parser?.incoming;
      if (response && isLast && !response.headersSent) closeAfter(response);
    }
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => closeAfter(response));
    if (signal) await sleep(LAST_REQUEST_MS);
    this.sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.deadline);
    clearInterval(this.sweep);
  }
}

function closeAfter(response: ServerResponse): void {
  response.setHeader('Connection', 'close');
}
