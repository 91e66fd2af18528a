import { ValidationFailedError } from '../../common/domain.error.js';
import type { ChallengeScope } from '../passkeys/passkey-challenges.js';
import type { PasskeyAssertion } from '../passkeys/passkey-response.js';

/** A second factor in a request. */
export type FactorProof =
  | { readonly code: string }
  | { readonly recoveryCode: string }
  | { readonly passkey: PasskeyAssertion; readonly scope: ChallengeScope };

const FIELDS = ['code', 'recoveryCode', 'passkey'];

/** The request has no proof, or several. */
export class OneProofError extends ValidationFailedError {
  constructor(fields: readonly string[] = FIELDS) {
    super([{ pointer: '', message: `must have exactly one of these fields: ${fields.join(', ')}` }]);
  }
}

/** The proofs of a request. */
export interface FactorProofs {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
  readonly passkey?: PasskeyAssertion | undefined;
}

/**
 * Returns the only proof of a request.
 *
 * @param scope what a passkey must have been used for
 * @param fields for the error
 * @throws OneProofError
 */
export function oneProofOf(proofs: FactorProofs, scope: ChallengeScope, fields = FIELDS): FactorProof {
  const { code, recoveryCode, passkey } = proofs;
  const [proof, ...others] = [
    ...(code === undefined ? [] : [{ code }]),
    ...(recoveryCode === undefined ? [] : [{ recoveryCode }]),
    ...(passkey === undefined ? [] : [{ passkey, scope }]),
  ];
  if (!proof || others.length > 0) throw new OneProofError(fields);
  return proof;
}
