import type { DomainError } from '../common/domain.error.js';
import type { Refusals } from '../common/rejected-requests.js';
import type { GuardedRequest } from './auth.decorator.js';
import { clientOf } from './client.js';

/**
 * Tells of an error that turns somebody away: a genuine token that opens nothing any more, something that a person's
 * role does not allow, or too many tries. A bad token is no news: nobody knows whose it is, and to write it down would
 * let strangers write what they like.
 */
export function noteRefusal(refusals: Refusals, { code, kind, whom }: DomainError, request: GuardedRequest): void {
  const known = whom ?? request.principal ?? null;
  const isRefusal = whom !== null || kind === 'rate_limited' || (kind === 'forbidden' && known !== null);
  if (isRefusal) refusals.note({ code, kind, whom: known, client: clientOf(request) });
}
