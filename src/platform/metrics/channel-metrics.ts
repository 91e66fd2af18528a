import { Counter, Histogram, type Registry } from 'prom-client';
import * as channels from '../../common/channels.js';
import type { Channel } from '../../common/channels.js';

/** The buckets that OpenTelemetry recommends for databases, in seconds. */
const DATABASE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const THREAD_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Returns the SQLSTATE or the system error code. */
function errorTypeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'other';
}

/** Counts the events of all channels in this process. Returns a function that stops. */
export function countEvents(registry: Registry): () => void {
  const subscriptions: (() => void)[] = [];
  const registers = [registry];

  function on<T>(channel: Channel<T>, count: (message: T) => void): void {
    channel.subscribe(count);
    subscriptions.push(() => channel.unsubscribe(count));
  }
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], ...labelNames: string[]) =>
    new Histogram({ name, help, buckets, labelNames, registers });

  const statements = histogram(
    'db_client_operation_duration_seconds',
    'Duration of statements, by name, or by operation and table.',
    DATABASE_SECONDS,
    'db_query_summary',
    'error_type',
  );
  on(channels.statements, ({ summary, startedAt, endedAt, error }) => {
    const errorType = error === undefined ? '' : errorTypeOf(error);
    statements.observe({ db_query_summary: summary, error_type: errorType }, (endedAt - startedAt) / 1_000);
  });
  const waits = histogram(
    'db_client_connection_wait_time_seconds',
    'Time until a caller got a connection of the pool.',
    DATABASE_SECONDS,
  );
  const timeouts = counter(
    'db_client_connection_timeouts_total',
    'Callers that got no connection of the pool, because the wait timed out or the database was unavailable.',
  );
  on(channels.connectionWaits, ({ seconds, error }) => (error === undefined ? waits.observe(seconds) : timeouts.inc()));

  const batches = histogram('gatehouse_session_lookup_batch_size', 'Requests per session lookup.', BATCH_SIZES);
  on(channels.lookups, ({ size }) => batches.observe(size));
  const tasks = histogram(
    'gatehouse_thread_task_duration_seconds',
    'Duration of password hashing and strength checks, with their wait in the queue.',
    THREAD_SECONDS,
    'pool',
  );
  on(channels.threadTasks, ({ pool, seconds }) => tasks.observe({ pool }, seconds));

  const signIns = counter('gatehouse_sign_ins_total', 'Sign-ins, by success or problem code.', 'result');
  on(channels.signIns, ({ result }) => signIns.inc({ result }));
  const refreshes = counter('gatehouse_refreshes_total', 'Refreshes, by success or problem code.', 'result');
  on(channels.refreshes, ({ result }) => refreshes.inc({ result }));
  const revocations = counter('gatehouse_session_revocations_total', 'Revoked sessions, by reason.', 'reason');
  on(channels.revocations, ({ reason, count }) => revocations.inc({ reason }, count));
  const rejections = counter('gatehouse_rate_limit_rejections_total', 'Rejections, by rate limit.', 'limit');
  on(channels.limitRejections, ({ limit }) => rejections.inc({ limit }));

  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
