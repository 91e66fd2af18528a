import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import type { GatehouseAdapter } from './express.adapter.js';
import { stopListening, untilQuiet } from './listener.js';

/** Clients of busy connections can send one more request in this time. Its response closes the connection. */
const LAST_REQUEST_MS = 500;
/** A new connection can send its first request in this time after the listener has closed. */
const FIRST_REQUEST_MS = 1_000;
/** Shorter than the time that supervisors wait before they kill a process. */
const DRAIN_TIMEOUT_MS = 8_000;
const SWEEP_INTERVAL_MS = 50;

/**
 * Drains the HTTP server at shutdown without dropping a request. `server.close()` alone would cut connections whose
 * next request is already on its way, and would wait for all others until their clients close them.
 *
 * 1. Readiness is 503 and every response closes its connection, for `SHUTDOWN_DELAY`. The application serves as before,
 *    so that load balancers can move their traffic to other instances.
 * 2. The listener closes at a moment when no client connects.
 * 3. Idle connections are closed.
 * 4. After `DRAIN_TIMEOUT_MS` all others are closed, for example those whose request is never complete.
 *
 * `StreamGuard` closes WebSockets and event streams after the second step.
 */
@Injectable()
export class ConnectionDrain implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly delayMs: number;
  private sweep: NodeJS.Timeout | undefined;
  private firstRequests: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    @InjectConfig() { http }: Config,
  ) {
    this.delayMs = http.shutdownDelay;
  }

  onModuleInit(): void {
    if (this.adapter) this.adapter.onStop = () => this.announce();
  }

  /** @param signal absent if a test or a command closes the application. It then has no clients. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    const server = this.adapter?.getHttpServer();
    if (!server?.listening) return;
    this.deadline = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    if (signal) {
      await sleep(Math.max(0, LAST_REQUEST_MS - this.delayMs));
      await untilQuiet(server);
    }
    stopListening(server);
    // `setImmediate`, so that a process that was busy for this time first reads the requests that have arrived.
    this.firstRequests = setTimeout(() => setImmediate(() => this.closeUnused()), FIRST_REQUEST_MS);
    this.sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.deadline);
    clearTimeout(this.firstRequests);
    clearInterval(this.sweep);
  }

  private async announce(): Promise<void> {
    const server = this.adapter?.getHttpServer();
    if (!server?.listening) return;
    for (const { _httpMessage: response, parser } of this.adapter?.connections ?? []) {
      // A pipelined request may follow. Closing the connection would drop its response.
      const isLast = response?.req === parser?.incoming;
      if (response && isLast && !response.headersSent) closeAfter(response);
    }
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => closeAfter(response));
    await sleep(this.delayMs);
  }

  /** Closes connections that never sent a request, which `closeIdleConnections` leaves open. */
  private closeUnused(): void {
    for (const connection of this.adapter?.connections ?? []) if (connection.bytesRead === 0) connection.destroy();
  }

  /** Undefined in a microservice or a command, which have no HTTP server. */
  private get adapter(): GatehouseAdapter | undefined {
    return (this.host as unknown as { httpAdapter?: GatehouseAdapter }).httpAdapter;
  }
}

function closeAfter(response: ServerResponse): void {
  response.setHeader('Connection', 'close');
}
