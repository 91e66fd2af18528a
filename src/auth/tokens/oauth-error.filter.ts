import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { DomainError, ErrorKind } from '../../common/domain.error.js';
import { RejectionAudit } from '../../common/rejection-audit.js';
import { toDomainError } from '../../http/http-exception.js';
import { InternalError } from '../../http/http.errors.js';
import { setRetryAfter } from '../../http/problem.js';
import { recordRejection } from '../../http/record-rejection.js';
import { requestIdOf } from '../../http/request-id.js';
import type { OAuthErrorCode, OAuthErrorDto } from './dto/token-response.dto.js';
import { UnsupportedGrantTypeError } from './oauth.errors.js';

/** Renders the errors of the token endpoint as OAuth errors (RFC 6749 §5.2) instead of problem documents. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(OAuthErrorFilter.name);

  constructor(private readonly rejectionAudit: RejectionAudit) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const known = toDomainError(exception) ?? new InternalError();
    recordRejection(this.rejectionAudit, known, http.getRequest<Request>());
    const [status, error] = classify(known);
    if (known !== exception && status >= 500)
      this.logger.error({ err: exception, requestId: requestIdOf(response) }, 'Unexpected error');
    const body: OAuthErrorDto = { error, error_description: known.message };
    setRetryAfter(known, response);
    response.status(status).json(body);
  }
}

/** The credentials or the token are wrong, or correct but not permitted to sign in. */
const REJECTED_GRANTS: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'forbidden', 'conflict']);

function classify(error: DomainError): readonly [status: number, code: OAuthErrorCode] {
  if (error instanceof UnsupportedGrantTypeError) return [400, 'unsupported_grant_type'];
  if (REJECTED_GRANTS.has(error.kind)) return [400, 'invalid_grant'];
  // The RFC has no code for too many requests. The status distinguishes them from an outage.
  if (error.kind === 'rate_limited') return [429, 'temporarily_unavailable'];
  if (error.kind === 'unavailable') return [503, 'temporarily_unavailable'];
  if (error.kind === 'internal') return [500, 'server_error'];
  return [400, 'invalid_request'];
}
