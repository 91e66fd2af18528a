import { hash, verifyEvenly } from './password-hash.js';

export interface HashTask {
  readonly password: string;
  readonly cost: number;
}

export interface VerifyTask extends HashTask {
  readonly stored: string | null;
}

export interface VerifyFormsTask extends VerifyTask {
  /** The password before its normalization. Older and imported hashes may be hashes of this. */
  readonly typed: string;
}

export function make({ password, cost }: HashTask): string {
  return hash(password, cost);
}

export function verify({ password, stored, cost }: VerifyTask): boolean {
  return verifyEvenly(password, stored, cost);
}

/** Returns which form matches. Always tries both, so that timing does not reveal the result. */
export function verifyForms({ password, typed, stored, cost }: VerifyFormsTask): 'normalized' | 'typed' | null {
  const isNormalized = verifyEvenly(password, stored, cost);
  const isTyped = verifyEvenly(typed, stored, cost);
  return isNormalized ? 'normalized' : isTyped ? 'typed' : null;
}
