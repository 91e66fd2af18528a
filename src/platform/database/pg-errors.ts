import { isNativeError } from 'node:util/types';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { domainError } from '../../common/domain.error.js';

/** The database cannot be reached, or did not answer in time. The request itself may be valid. */
export class DatabaseUnavailableError extends domainError(
  'unavailable',
  'database_unavailable',
  'The database is temporarily unavailable. Try again.',
) {}

/** What the operating system says of a connection that cannot be made or did not last. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'EACCES',
]); // prettier-ignore

/**
 * SQLSTATE codes (PostgreSQL's appendix A) of a server that is away, full, shutting down, read-only after a
 * failover, misconfigured, or too slow: statement and lock timeouts are waits that reached their bound.
 */
const UNAVAILABLE_STATES = /^(08...|57P0[1-5]|57014|55P03|53...|25006|25P03|28...|3D000)$/;

/** What `pg` and its pool say, as errors without a code, of connections that ended or could not be had in time. */
const CLIENT_MESSAGES =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|The server does not support SSL)/;

/** Whether an error means that the database, and not the statement, is what failed. */
export function isUnavailable(error: unknown): error is Error {
  // TypeORM takes a connection that breaks between two statements away from whoever was lent it.
  if (error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError)
    return true;
  const cause = driverError(error);
  // Not `instanceof`: what Node itself throws is another realm's `Error` where this code runs in a sandbox.
  if (!isNativeError(cause)) return false;
  // A name with several addresses: all of them failed.
  if ('errors' in cause && Array.isArray(cause.errors))
    return cause.errors.length > 0 && cause.errors.every(isUnavailable);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return NETWORK_CODES.has(code) || UNAVAILABLE_STATES.test(code) || CLIENT_MESSAGES.test(cause.message);
}

/** Whether this database role lacks the right to do that (SQLSTATE 42501). */
export function isNotPermitted(error: unknown): boolean {
  return hasCode(driverError(error), '42501');
}

/** Whether a statement names a table that does not exist (SQLSTATE 42P01). */
export function isUndefinedTable(error: unknown): boolean {
  return hasCode(driverError(error), '42P01');
}

/** Whether a statement names a table or a column that does not exist: the schema is older than the code. */
export function isOutdatedSchema(error: unknown): boolean {
  return isUndefinedTable(error) || hasCode(driverError(error), '42703');
}

/** Whether an error is the violation of the unique constraint or index with this name (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const cause = driverError(error);
  return hasCode(cause, '23505') && 'constraint' in cause && cause.constraint === constraint;
}

function hasCode(cause: unknown, code: string): cause is Error {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function driverError(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}
