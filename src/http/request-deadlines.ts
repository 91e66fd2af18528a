import type { Server } from 'node:http';
import type { Response } from 'express';
import { RequestTimeoutError } from '../common/domain.error.js';
import { sendProblem } from './problem.filter.js';
import type { OpenConnections } from './streams/open-connections.js';

const SWEEP_INTERVAL_MS = 500;

/**
 * Sends 503 to requests that take longer than `REQUEST_TIMEOUT`, or 408 if the client has not sent its body. A response
 * that has started is not cut off, so streams and downloads have no deadline. The time for the body of an upload does
 * not count, because Node.js limits it.
 *
 * Searches the open connections twice per second instead of starting a timer for each request.
 */
export class RequestDeadlines {
  /** When the sweep first saw a response, on the clock of `performance.now()`. */
  private readonly startedAt = new WeakMap<Response, number>();

  /** Sweeps until the server closes. */
  constructor(
    private readonly server: Server,
    private readonly connections: OpenConnections,
    private readonly timeoutMs: number,
  ) {
    const timer = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    server.once('close', () => clearInterval(timer));
  }

  private sweep(): void {
    const now = performance.now();
    for (const response of this.connections.pendingResponses()) {
      const startedAt = this.startedAt.get(response);
      if (startedAt === undefined || isUploading(response)) this.startedAt.set(response, now);
      // Express adds `locals`. A request that waits for its turn in `FairShare` has none yet, nor does a handshake.
      else if (now - startedAt >= this.timeoutMs && 'locals' in response) this.expire(response);
    }
  }

  private expire(response: Response): void {
    const { req: request, socket } = response;
    if (!request.complete) {
      // As Node.js does for requests that are not complete in time.
      const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
      this.server.emit('clientError', error, socket);
      return;
    }
    response.setHeader('Connection', 'close');
    sendProblem(new RequestTimeoutError(), request, response);
    ignoreWrites(response);
  }
}

function isUploading({ req: request }: Response): boolean {
  return !request.complete && request.headers['content-type']?.startsWith('multipart/form-data') === true;
}

/** Makes a response ignore what its handler sends later. Otherwise Node.js would throw, possibly outside any `try`. */
function ignoreWrites(response: Response): void {
  const ignore = () => response;
  Object.assign(response, {
    setHeader: ignore,
    appendHeader: ignore,
    removeHeader: ignore,
    writeHead: ignore,
    flushHeaders: ignore,
    write: () => true,
    end: ignore,
  });
}
