import { ValidationFailedError } from '../../common/domain.error.js';

/** A second factor in a request. */
export type FactorProof = { readonly code: string } | { readonly recoveryCode: string };

const FIELDS = ['code', 'recoveryCode'];

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
}

/** Returns the only proof of a request. @param fields for the error @throws OneProofError */
export function oneProofOf({ code, recoveryCode }: FactorProofs, fields = FIELDS): FactorProof {
  if (code !== undefined && recoveryCode === undefined) return { code };
  if (recoveryCode !== undefined && code === undefined) return { recoveryCode };
  throw new OneProofError(fields);
}
