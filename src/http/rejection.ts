import type { DomainError } from '../common/domain.error.js';
import type { RejectedRequests } from '../common/rejected-requests.js';
import type { GuardedRequest } from './auth.decorator.js';
import { clientOf } from './client.js';

/**
 * Tells of an error that turns somebody away: a genuine token that opens nothing any more, something that a person's
 * role does not allow, or too many tries. A bad token is no news: nobody knows whose it is, and to write it down would
 * let strangers write what they like.
 */
export function recordRejection(
  refusals: RejectedRequests,
  { code, kind, claims }: DomainError,
  request: GuardedRequest,
): void {
  const known = claims ?? request.principal ?? null;
  const isRefusal = claims !== null || kind === 'rate_limited' || (kind === 'forbidden' && known !== null);
  if (isRefusal) refusals.note({ code, kind, claims: known, client: clientOf(request) });
}
