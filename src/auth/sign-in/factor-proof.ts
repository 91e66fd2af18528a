import { ValidationFailedError } from '../../common/domain.error.js';
import type { ChallengeScope } from '../passkeys/passkey-challenges.js';
import type { PasskeyAssertion } from '../passkeys/passkey-response.js';

/** A second factor in a request. */
export type FactorProof =
  | { readonly code: string }
  | { readonly recoveryCode: string }
  | { readonly passkey: PasskeyAssertion; readonly scope: ChallengeScope };

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
 * @throws ValidationFailedError unless there is exactly one
 */
export function oneProofOf({ code, recoveryCode, passkey }: FactorProofs, scope: ChallengeScope): FactorProof {
  assertOneField({ code, recoveryCode, passkey });
  if (passkey !== undefined) return { passkey, scope };
  return code === undefined ? { recoveryCode: recoveryCode ?? '' } : { code };
}

/** @throws ValidationFailedError unless exactly one of the fields has a value. Names all of them */
export function assertOneField(fields: Readonly<Record<string, unknown>>): void {
  const given = Object.values(fields).filter((value) => value !== undefined).length;
  if (given === 1) return;
  const oneOf = Object.keys(fields);
  const message = `must have exactly one of these fields: ${oneOf.join(', ')}`;
  const code = given === 0 ? 'required' : 'too_many_fields';
  throw new ValidationFailedError([{ pointer: '', code, params: { oneOf }, message }]);
}
