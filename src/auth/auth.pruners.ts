import { tablePruner } from '../platform/database/table-pruner.js';

const UNCONFIRMED_FACTOR_MS = 86_400_000;
/** The clocks of the application and the database can differ by less than this. */
const CLOCK_DIFFERENCE_MS = 3_600_000;

/** Deletes expired rows of the tables of this module. */
export const AUTH_PRUNERS = [
  expiredRows('one-time tokens', 'one_time_tokens', 'hash'),
  expiredRows('sign-in challenges', 'sign_in_challenges', 'hash'),
  expiredRows('used passkey challenges', 'used_passkey_challenges', 'nonce', CLOCK_DIFFERENCE_MS),
  tablePruner({
    subject: 'unconfirmed factors',
    table: 'factors',
    condition: `confirmed_at IS NULL AND created_at < now() - $1::float8 * interval '1 millisecond'`,
    retentionMs: () => UNCONFIRMED_FACTOR_MS,
  }),
];

function expiredRows(subject: string, table: string, key: string, retentionMs = 0): ReturnType<typeof tablePruner> {
  const condition = `expires_at < now() - $1::float8 * interval '1 millisecond'`;
  return tablePruner({ subject, table, key, condition, retentionMs: () => retentionMs });
}
