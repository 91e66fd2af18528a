import { Catch, HttpException, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseWsExceptionFilter, WsException } from '@nestjs/websockets';
import type { DomainError } from '../common/domain.error.js';
import type { RejectionAudit } from '../common/rejection-audit.js';
import { handshakeOf } from './guarded-request.js';
import { toDomainError } from './http-exception.js';
import { InternalError } from './http.errors.js';
import { problemMessage } from './rpc-error.js';
import { recordRejection } from './record-rejection.js';

/**
 * Sends the errors of gateways to the client, in Nest's event `exception` with the `status`, `code` and `detail` of a
 * problem document. Logs unexpected errors in full.
 */
@Catch()
export class GatewayErrorFilter extends BaseWsExceptionFilter {
  private readonly log = new Logger(GatewayErrorFilter.name);

  constructor(private readonly rejectionAudit: RejectionAudit) {
    super();
  }

  override catch(exception: unknown, host: ArgumentsHost): void {
    const client = host.getArgByIndex<object>(0);
    const error = this.toDomainError(exception);
    const handshake = handshakeOf(client);
    if (handshake) recordRejection(this.rejectionAudit, error, handshake);
    this.emitMessage(client, 'exception', problemMessage(error));
  }

  private toDomainError(exception: unknown): DomainError {
    // A `WsException` has no status. Gateways throw it for invalid messages, so it becomes a 400.
    const isWsException = exception instanceof WsException;
    const error = toDomainError(isWsException ? new HttpException(exception.getError(), 400) : exception);
    if (error && (error === exception || error.getStatus() < 500)) return error;
    this.log.error({ err: exception }, 'Unexpected error');
    return error ?? new InternalError();
  }
}
