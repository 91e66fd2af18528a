import { DomainError } from '../common/domain.error.js';
import { defineCounter } from '../common/metrics.js';

const SUCCESS = 'success';
/** The codes of errors that each request can have. */
const COMMON = ['database_unavailable', 'request_timeout', 'internal_error'];

export const signIns = defineCounter({
  name: 'gatehouse_sign_ins_total',
  help: 'Sign-ins, by success or problem code.',
  labels: {
    result: [
      SUCCESS,
      'invalid_credentials',
      'second_factor_required',
      'factor_invalid',
      'challenge_invalid',
      'passkey_invalid',
      'email_not_verified',
      'session_limit_reached',
      'overloaded',
      ...COMMON,
    ],
  },
});

export const refreshes = defineCounter({
  name: 'gatehouse_refreshes_total',
  help: 'Refreshes, by success or problem code.',
  labels: {
    result: [
      SUCCESS,
      'refresh_token_invalid',
      'refresh_token_reused',
      'session_revoked',
      'session_expired',
      'user_inactive',
      ...COMMON,
    ],
  },
});

/** Returns the `result` of an attempt: `success`, or the problem code of its error. */
export function resultOf(error?: unknown): string {
  if (error === undefined) return SUCCESS;
  return error instanceof DomainError ? error.code : 'internal_error';
}
