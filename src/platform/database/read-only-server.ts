import type { DatabaseServer } from '../../config/database-url.js';

/** The SQLSTATE code `read_only_sql_transaction`. */
const READ_ONLY = '25006';

/**
 * A server does not accept writes: a standby, or a server with `default_transaction_read_only`. It may not know about
 * recent revocations, so it must not judge a session.
 */
export class ReadOnlyServerError extends Error {
  readonly code = READ_ONLY;

  constructor({ host, port }: DatabaseServer, reason: string) {
    super(`The server ${host}:${port} is read-only (${reason}).`);
  }
}

/**
 * A condition for statements that judge a session. On a read-only server, they fail with "division by zero" (SQLSTATE
 * 22012), also if no row matches. PostgreSQL evaluates it once per statement. `transaction_read_only` is set before the
 * snapshot is taken, so a standby that is being promoted cannot pass with an old snapshot.
 *
 * The connection already rejects such servers. This also works behind a pooler, which may change servers without notice.
 */
export const SERVER_ACCEPTS_WRITES = `1 / position('off' IN current_setting('transaction_read_only')) = 1`;
const DIVISION_BY_ZERO = '22012';

/** Converts the error of `SERVER_ACCEPTS_WRITES`. Returns other errors as they are. */
export function readOnlyError(error: unknown, text: string): unknown {
  const failed = error instanceof Error && 'code' in error && error.code === DIVISION_BY_ZERO;
  if (!failed || !text.includes(SERVER_ACCEPTS_WRITES)) return error;
  return Object.assign(new Error('The server is read-only (transaction_read_only = on).'), { code: READ_ONLY });
}
