import { QueryFailedError } from 'typeorm';
import { domainError } from '../../common/domain.error.js';

/** The database cannot be reached or does not respond in time. */
export class DatabaseUnavailableError extends domainError(
  'unavailable',
  'database_unavailable',
  'The database is temporarily unavailable. Try again.',
) {}

/** The server aborted a transaction because of a concurrent one. A retry may succeed. */
export class TransactionConflictError extends DatabaseUnavailableError {
  constructor(cause: Error) {
    super({ message: 'Another request changed the same data. Try again.', cause });
  }
}

/** System error codes for connections that could not be established or were lost. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'EACCES',
]); // prettier-ignore

/**
 * SQLSTATE codes (PostgreSQL manual, appendix A) of a server that is unreachable, full, shutting down, misconfigured,
 * read-only after a failover, or too slow (statement and lock timeouts).
 */
const UNAVAILABLE_STATES = /^(08...|57P0[1-5]|57014|55P03|53...|25006|25P03|28...|3D000)$/;

/** Messages of errors without a code: `pg` and its pool lost a connection or timed out. */
const CLIENT_MESSAGES =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|The server does not support SSL)/;

/** Returns whether the database failed, rather than the statement. */
export function isUnavailable(error: unknown): error is Error {
  const cause = driverError(error);
  if (!(cause instanceof Error)) return false;
  // The host name has several IP addresses, and all of them failed.
  if ('errors' in cause && Array.isArray(cause.errors))
    return cause.errors.length > 0 && cause.errors.every(isUnavailable);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return NETWORK_CODES.has(code) || UNAVAILABLE_STATES.test(code) || CLIENT_MESSAGES.test(cause.message);
}

/** Returns whether a serialization failure or a deadlock (SQLSTATE 40001, 40P01) aborted the transaction. */
export function isConflict(error: unknown): error is Error {
  const cause = driverError(error);
  return hasCode(cause, '40001') || hasCode(cause, '40P01');
}

/** Returns whether the database role lacks a privilege (SQLSTATE 42501). */
export function isNotPermitted(error: unknown): boolean {
  return hasCode(driverError(error), '42501');
}

/** Returns whether a table does not exist (SQLSTATE 42P01). */
export function isUndefinedTable(error: unknown): boolean {
  return hasCode(driverError(error), '42P01');
}

/** Returns whether a table or a column does not exist, because the schema is older than the code. */
export function isOutdatedSchema(error: unknown): boolean {
  return isUndefinedTable(error) || hasCode(driverError(error), '42703');
}

/** Returns whether the unique constraint or index with this name was violated (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const cause = driverError(error);
  return hasCode(cause, '23505') && 'constraint' in cause && cause.constraint === constraint;
}

/** Returns whether the foreign key with this name was violated (SQLSTATE 23503). */
export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  const cause = driverError(error);
  return hasCode(cause, '23503') && 'constraint' in cause && cause.constraint === constraint;
}

function hasCode(cause: unknown, code: string): cause is Error {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function driverError(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}
