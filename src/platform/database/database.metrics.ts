import { channel } from '../../common/channels.js';
import { defineCounter, defineHistogram } from '../../common/metrics.js';

/** The buckets that OpenTelemetry recommends for databases. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** A statement ended. */
export interface StatementEnd {
  /** The name of a prepared statement, or the operation and its table, such as `SELECT users`. */
  readonly summary: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error?: unknown;
}

/** For spans. */
export const statements = channel<StatementEnd>('statement');

export const statementSeconds = defineHistogram(
  {
    name: 'db_client_operation_duration_seconds',
    help: 'Duration of statements, by name, or by operation and table.',
    labels: { db_query_summary: [], error_type: [] },
  },
  SECONDS,
);

export const connectionWaitSeconds = defineHistogram(
  {
    name: 'db_client_connection_wait_time_seconds',
    help: 'Time until a caller got a connection of the pool.',
  },
  SECONDS,
);

export const connectionTimeouts = defineCounter({
  name: 'db_client_connection_timeouts_total',
  help: 'Callers that got no connection of the pool, because the wait timed out or the database was unavailable.',
});
