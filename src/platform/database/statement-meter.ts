import type { DataSource } from 'typeorm';
import {
  connectionTimeouts,
  connectionWaitSeconds,
  statements,
  statementSeconds,
  type StatementEnd,
} from './database.metrics.js';

/** Modules may build texts. Further ones are summarized again on each call. */
const MAX_CACHED = 1_000;
const WRITE = /\b(INSERT INTO|UPDATE|DELETE FROM)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)"?/gi;
const READ = /\bFROM\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)"?/gi;
const KEYWORD = /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|START TRANSACTION|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/i;

interface MeasuredStatement {
  readonly name?: string | undefined;
  readonly text: string;
}

/** Publishes the durations of statements and of the waits for a connection. */
export class StatementMeter {
  private readonly summaries = new Map<string, string>();
  private tables: ReadonlySet<string> | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Runs a statement. The duration excludes `connect`, which waits for a connection. */
  measure<T>(statement: MeasuredStatement, connect: () => Promise<unknown>, run: () => Promise<T>): Promise<T> {
    return statementSeconds.isEnabled || statements.hasSubscribers
      ? this.publishDuration(statement, connect, run)
      : run();
  }

  /** Waits for a connection. */
  measureWait<T>(obtain: () => Promise<T>): Promise<T> {
    if (!connectionWaitSeconds.isEnabled) return obtain();
    const start = performance.now();
    const connection = obtain();
    connection.then(
      () => connectionWaitSeconds.observe((performance.now() - start) / 1_000, {}),
      () => connectionTimeouts.add({}),
    );
    return connection;
  }

  private async publishDuration<T>(
    { name, text }: MeasuredStatement,
    connect: () => Promise<unknown>,
    run: () => Promise<T>,
  ): Promise<T> {
    await connect();
    const summary = name ?? this.summaryOf(text);
    const startedAt = performance.now();
    try {
      const result = await run();
      publish({ summary, startedAt, endedAt: performance.now() });
      return result;
    } catch (error) {
      publish({ summary, startedAt, endedAt: performance.now(), error });
      throw error;
    }
  }

  private summaryOf(text: string): string {
    const cached = this.summaries.get(text);
    if (cached !== undefined) return cached;
    this.tables ??= new Set(this.dataSource.entityMetadatas.map(({ tableName }) => tableName));
    const summary = summarize(text, this.tables);
    if (this.summaries.size < MAX_CACHED) this.summaries.set(text, summary);
    return summary;
  }
}

function publish(end: StatementEnd): void {
  const { summary, startedAt, endedAt, error } = end;
  statements.publish(end);
  const errorType = error === undefined ? '' : errorTypeOf(error);
  statementSeconds.observe((endedAt - startedAt) / 1_000, { db_query_summary: summary, error_type: errorType });
}

/** Returns the SQLSTATE or the system error code. */
function errorTypeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'other';
}

/**
 * Returns the operation and the table of a statement, such as `SELECT users`. The number of results is bounded, because
 * they contain no other table.
 */
export function summarize(text: string, tables: ReadonlySet<string>): string {
  for (const [, operation = '', table = ''] of text.matchAll(WRITE)) {
    // Not `FOR UPDATE SKIP LOCKED`.
    if (tables.has(table)) return `${operation.replace(/ .*/, '').toUpperCase()} ${table}`;
  }
  for (const [, table = ''] of text.matchAll(READ)) if (tables.has(table)) return `SELECT ${table}`;
  return (KEYWORD.exec(text)?.[1] ?? 'other').toUpperCase();
}
