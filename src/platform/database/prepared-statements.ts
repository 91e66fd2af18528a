import { Logger } from '@nestjs/common';

/** `cached plan must not change result type`: a migration has changed a column after the statement was prepared. */
const FEATURE_NOT_SUPPORTED = '0A000';
const STALE_PLAN = 'cached plan must not change result type';
/** A migration that locks both tables in the other order chose the statement as the victim of a deadlock. */
const DEADLOCK = '40P01';
/** SQLSTATE codes of a prepared statement that does not exist, or exists already. */
const LOST = new Set(['26000', '42P05']);

/**
 * Decides which statements are prepared by name. A lost statement means that a pooler runs each statement on another
 * connection, so later statements of this process are not prepared.
 */
export class PreparedStatements {
  private areLost = false;

  get areUsable(): boolean {
    return !this.areLost;
  }

  /** Returns whether a statement outside a transaction failed for a reason that is over, so that a retry succeeds. */
  isRetryable(error: unknown): error is Error {
    if (!(error instanceof Error) || !('code' in error)) return false;
    if (error.code === DEADLOCK) return true;
    if (error.code === FEATURE_NOT_SUPPORTED) return error.message.startsWith(STALE_PLAN);
    if (!LOST.has(String(error.code))) return false;
    if (!this.areLost) {
      new Logger('Database').warn(
        `${error.message}. Statements are no longer prepared. Behind a pooler, set DB_PREPARED_STATEMENTS=false.`,
      );
    }
    this.areLost = true;
    return true;
  }
}
