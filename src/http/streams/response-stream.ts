import type { Response } from 'express';
import type { DomainError } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import { withoutQuery } from '../../common/without-query.js';
import type { GuardedRequest } from '../guarded-request.js';
import { toProblem } from '../problem.js';
import { requestIdOf } from '../request-id.js';
import type { AccessRule } from '../roles.decorator.js';
import { CLOSE_TIMEOUT_MS, type OpenStream } from './open-stream.js';

/** A response that is not complete yet: an event stream, a download, or a pending poll of socket.io. */
export class ResponseStream implements OpenStream {
  isClosing = false;

  constructor(
    private readonly request: GuardedRequest,
    private readonly response: Response,
  ) {}

  get principal(): Principal | undefined {
    return this.request.principal;
  }

  get accessRule(): AccessRule | undefined {
    return this.request.accessRule;
  }

  get isEndless(): boolean {
    return String(this.response.getHeader('Content-Type')).startsWith('text/event-stream');
  }

  /** Ends an event stream with the event `closed` and a problem document. Cuts off any other response. */
  async close(error: DomainError): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    const { response, request } = this;
    const { socket } = response;
    if (!socket || socket.destroyed) return;
    const closed = new Promise<unknown>((resolve) => socket.once('close', resolve));
    // The log needs the code. A poll has no `locals`, because Express did not handle it.
    Object.assign(response, { locals: { ...response.locals, code: error.code } });
    if (this.isEndless) {
      // Nest writes events until the connection is closed. Without a listener, such a write would crash the process.
      response.on('error', () => undefined);
      const path = withoutQuery(request.originalUrl);
      const data = JSON.stringify(toProblem(error, path, requestIdOf(response)));
      response.end(`\nevent: closed\ndata: ${data}\n\n`, () => socket.destroySoon());
      setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
    } else response.destroy();
    await closed;
  }

  /** Writes a comment to an event stream, unless the client is slow to read. */
  beat(): void {
    if (this.isEndless && !this.response.writableNeedDrain) this.response.write(':\n');
  }
}
