import type { DomainError } from '../common/domain.error.js';
import type { RejectionAudit } from '../common/rejection-audit.js';
import type { GuardedRequest } from './guarded-request.js';
import { clientOf } from './client.js';

/**
 * Records rejections for the audit: a genuine token without access, a role that does not permit the request, and too
 * many attempts. Does not record invalid tokens, because anyone could fill the log with them.
 */
export function recordRejection(
  rejectionAudit: RejectionAudit,
  { code, kind, claims }: DomainError,
  request: GuardedRequest,
): void {
  const known = claims ?? request.principal ?? null;
  const isRecorded = claims !== null || kind === 'rate_limited' || (kind === 'forbidden' && known !== null);
  if (isRecorded) rejectionAudit.record({ code, kind, claims: known, client: clientOf(request) });
}
