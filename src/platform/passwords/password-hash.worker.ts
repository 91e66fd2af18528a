import { hash, verifyEvenly } from './password-hash.js';

export interface HashTask {
  readonly password: string;
  readonly cost: number;
}

export interface VerifyTask extends HashTask {
  readonly stored: string | null;
}

export function make({ password, cost }: HashTask): string {
  return hash(password, cost);
}

export function verify({ password, stored, cost }: VerifyTask): boolean {
  return verifyEvenly(password, stored, cost);
}
