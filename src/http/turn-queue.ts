import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConnectedClient } from './client-connections.js';

/** A request that waits for its turn. */
export interface WaitingRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly handle: () => void;
  /** On the clock of `performance.now()`. */
  readonly since: number;
}

/** A queue of requests in which clients take turns. The oldest request of a client starts first. */
export class TurnQueue {
  /** The next client first. */
  private readonly queues = new Map<ConnectedClient, Set<WaitingRequest>>();

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  add(client: ConnectedClient, waiting: WaitingRequest): void {
    const queue = this.queues.get(client) ?? new Set();
    queue.add(waiting);
    this.queues.set(client, queue);
  }

  /** Removes and returns the next request whose client has not disconnected. */
  next(): WaitingRequest | undefined {
    for (const [client, queue] of this.queues) {
      this.queues.delete(client);
      for (const waiting of queue) {
        queue.delete(waiting);
        if (waiting.response.destroyed) continue;
        if (queue.size > 0) this.queues.set(client, queue);
        return waiting;
      }
    }
    return undefined;
  }

  /** Removes and returns the requests that were added no later than `since`. */
  expire(since: number): WaitingRequest[] {
    const expired: WaitingRequest[] = [];
    for (const [client, queue] of this.queues) {
      for (const waiting of queue) {
        if (waiting.since > since) break;
        queue.delete(waiting);
        if (!waiting.response.destroyed) expired.push(waiting);
      }
      if (queue.size === 0) this.queues.delete(client);
    }
    return expired;
  }
}
