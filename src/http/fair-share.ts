import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { RequestTimeoutError } from '../common/domain.error.js';
import type { ClientConnections, ConnectedClient } from './client-connections.js';
import type { GuardedRequest } from './guarded-request.js';
import { SpareCapacity } from './spare-capacity.js';
import { TurnQueue, type WaitingRequest } from './turn-queue.js';

const [UPDATE_INTERVAL_MS, RELEASE_INTERVAL_MS] = [100, 1];
/** How many waiting requests may start in one event-loop turn, so that turns stay short. */
const MAX_BURST = 16;
/** With more connections, one event-loop turn takes so long that others can hardly connect. */
const LONG_TURN_CONNECTIONS = 128;
/** How many waiting requests may be in progress after they were released. */
const MAX_ACTIVE = 32;
/** A request counts as in progress for at most this time, because streams, hashing and delays hardly use the process. */
const MAX_ACTIVE_MS = 100;
/** How many probes of a client per interval do not wait. They may come from a proxy that is missing in `TRUST_PROXY`. */
const MAX_PROBES = 10;
/** How long the process counts as contended after a request of another client. */
const CONTENDED_MS = 1_000;

export interface FairShareOptions {
  /** How many connections a client can have before its requests may have to wait. */
  readonly freeConnections: number;
  /** How long a request may wait. */
  readonly timeoutMs: number;
  /** Returns whether a request asks for the health of the process. */
  readonly isProbe: (request: IncomingMessage) => boolean;
  /** Returns whether so many callers wait for the database that clients with many connections must not add more. */
  readonly isDatabaseCrowded: () => boolean;
}

/**
 * Delays the requests of clients with many connections while the process or its database is saturated, so that they
 * share what the requests of others leave. Starts them in turns, one of each client.
 *
 * Counts and delays requests only in these situations, so that it costs nothing otherwise.
 */
export class FairShare {
  private readonly capacity = new SpareCapacity();
  private readonly queue = new TurnQueue();
  private updates: NodeJS.Timeout | undefined;
  private releases: NodeJS.Timeout | undefined;
  private releasedAt = 0;
  private allowance = 0;
  private active = 0;
  /** The number of probes in this interval. Each client has its own, so that a flood of one cannot delay others. */
  private readonly probes = new Map<ConnectedClient, number>();
  /** When a client with few connections sent its last request, to the precision of an interval. */
  private othersAt = -Infinity;
  private hasOthers = false;
  /** Whether a client has connected in this event-loop turn. Node.js accepts only one per turn, so more may wait. */
  private isConnecting = false;

  constructor(
    server: Server,
    private readonly clients: ClientConnections,
    private readonly options: FairShareOptions,
  ) {
    clients.on('open', () => this.watch());
    server.once('close', () => clearInterval(this.updates));
  }

  /** Returns whether a request must wait for its turn. */
  mustWait(request: IncomingMessage): boolean {
    const { capacity, options } = this;
    const isCrowded = options.isDatabaseCrowded();
    if (!capacity.isSaturated && !isCrowded) return false;
    const client = this.clients.find(request);
    if (!client || client.connections <= options.freeConnections) {
      this.hasOthers = true;
      return false;
    }
    if (!isCrowded && !this.isContended && client.connections <= LONG_TURN_CONNECTIONS) return false;
    return !options.isProbe(request) || !this.admitProbe(client);
  }

  /** Calls `handle` when it is the turn of a request, unless the client disconnects first. */
  wait(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const client = this.clients.find(request);
    if (!client) return;
    this.queue.add(client, { request, response, handle, since: performance.now() });
    this.releases ??= setTimeout(() => this.release(), RELEASE_INTERVAL_MS).unref();
  }

  private admitProbe(client: ConnectedClient): boolean {
    const count = (this.probes.get(client) ?? 0) + 1;
    this.probes.set(client, count);
    return count <= MAX_PROBES;
  }

  private get isContended(): boolean {
    return performance.now() - this.othersAt < CONTENDED_MS;
  }

  /** Measures the load while there are enough connections for a client that must wait. */
  private watch(): void {
    this.isConnecting = true;
    if (this.clients.total <= this.options.freeConnections) return;
    this.updates ??= setInterval(() => this.update(), UPDATE_INTERVAL_MS).unref();
  }

  private update(): void {
    const now = performance.now();
    if (this.hasOthers) this.othersAt = now;
    this.capacity.update(this.hasOthers);
    this.hasOthers = false;
    this.probes.clear();
    for (const { request, handle } of this.queue.expire(now - this.options.timeoutMs)) {
      (request as GuardedRequest).rejection = new RequestTimeoutError();
      handle();
    }
    if (this.clients.total > this.options.freeConnections || !this.queue.isEmpty) return;
    clearInterval(this.updates);
    this.updates = undefined;
    this.capacity.isSaturated = false;
  }

  private release(): void {
    this.releases = undefined;
    const now = performance.now();
    const earned = ((now - this.releasedAt) / 1_000) * this.capacity.perSecond;
    this.allowance = this.isContended ? Math.min(this.allowance + earned, MAX_BURST) : MAX_BURST;
    this.releasedAt = now;
    if (this.isConnecting) this.allowance = Math.min(this.allowance, 1);
    this.isConnecting = false;
    while (this.allowance >= 1 && this.active < MAX_ACTIVE) {
      const next = this.queue.next();
      if (!next) return;
      this.allowance -= 1;
      this.start(next);
    }
    this.releases = setTimeout(() => this.release(), RELEASE_INTERVAL_MS).unref();
  }

  private start({ response, handle }: WaitingRequest): void {
    this.active += 1;
    let isActive = true;
    const end = () => {
      if (isActive) this.active -= 1;
      isActive = false;
      clearTimeout(timer);
    };
    const timer = setTimeout(end, MAX_ACTIVE_MS).unref();
    response.once('close', end);
    handle();
  }
}
