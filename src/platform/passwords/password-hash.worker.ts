import { hash, verifyEvenly } from './password-hash.js';

export interface HashTask {
  readonly password: string;
  readonly cost: number;
}

export interface VerifyTask extends HashTask {
  readonly stored: string | null;
}

/** The hash of a new password. */
export function make({ password, cost }: HashTask): string {
  return hash(password, cost);
}

/** Whether a password is the one behind a hash: all the work of a sign-in in one task. */
export function verify({ password, stored, cost }: VerifyTask): boolean {
  return verifyEvenly(password, stored, cost);
}
