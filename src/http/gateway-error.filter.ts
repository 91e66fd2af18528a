import { Catch, HttpException, Logger, type ArgumentsHost } from '@nestjs/common';
import { FORBIDDEN_MESSAGE } from '@nestjs/core/guards/constants.js';
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
    const error = toDomainError(exception instanceof WsException ? toHttpException(exception) : exception);
    if (error && (error === exception || error.getStatus() < 500)) return error;
    this.log.error({ err: exception }, 'Unexpected error');
    return error ?? new InternalError();
  }
}

/**
 * A `WsException` has no status. Gateways throw it for invalid messages, so it becomes a 400. Nest throws it for a guard
 * that returns false, which becomes a 403.
 */
function toHttpException(exception: WsException): HttpException {
  const content = exception.getError();
  return new HttpException(content, content === FORBIDDEN_MESSAGE ? 403 : 400);
}
