import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { DomainError, kindOf, type ErrorDetails } from '../common/domain.error.js';
import { InternalError } from './http.errors.js';

/** Limits the characters, because codes become part of a URN and of the audit log. */
const CODE = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;

type Members = Readonly<Record<string, unknown>>;

/** An error with its own HTTP status, such as a converted `HttpException` of Nest. */
export class StatusError extends DomainError {
  constructor(
    status: number,
    code: string,
    message: string,
    details: ErrorDetails = {},
    /** Replaces the title that follows from the code. */
    readonly title?: string,
  ) {
    super(kindOf(status), code, message, details, status);
  }
}

/**
 * Returns a `DomainError` unchanged. Converts any other `HttpException`, and errors of the http-errors package, which
 * Express and its middleware throw. Returns null for other values.
 *
 * Below 500, a converted error has the message and all members of the exception. From 500 on, it has only the status
 * and the code, because the rest may be internal.
 */
export function toDomainError(exception: unknown): DomainError | null {
  if (exception instanceof DomainError) return exception;
  if (exception instanceof HttpException) return fromHttpException(exception);
  if (!isHttpError(exception)) return null;
  const { status, expose, message } = exception;
  return status < 500 && expose ? new StatusError(status, codeOf(status), message) : withoutDetails(status);
}

/** Returns whether the exception is the result of a Terminus health check. */
export function isHealthResult(exception: unknown): exception is HttpException {
  if (!(exception instanceof HttpException) || exception.getStatus() !== 503) return false;
  const { status, info, error, details } = membersOf(exception.getResponse());
  return typeof status === 'string' && [info, error, details].every((member) => typeof member === 'object');
}

function fromHttpException(exception: HttpException): StatusError {
  const status = exception.getStatus();
  if (!isStatus(status)) return withoutDetails(500);
  const members = membersOf(exception.getResponse());
  const code = [exception.errorCode, members['errorCode'], members['code']].find(isCode);
  if (isHealthResult(exception)) {
    return new StatusError(status, code ?? codeOf(status), 'A health check failed.', { extensions: members });
  }
  if (status >= 500) return withoutDetails(status, code);
  const detail = textOf(members['message']) ?? textOf(members['detail']) ?? phraseOf(status);
  const extensions = Object.fromEntries(Object.entries(members).filter(([name, value]) => !isReplaced(name, value)));
  return new StatusError(status, code ?? codeOf(status), detail, { extensions }, titleIn(members, status));
}

/** Returns the members of a response. Omits those of an `Error`, such as a failed query, because they are internal. */
function membersOf(response: unknown): Members {
  if (response instanceof Error) return {};
  return typeof response === 'object' && response !== null && !Array.isArray(response)
    ? (response as Members)
    : { message: response };
}

function withoutDetails(status: number, code?: string): StatusError {
  if (status < 500) return new StatusError(status, codeOf(status), phraseOf(status));
  const internal = new InternalError();
  const message = status === 500 ? internal.message : `${phraseOf(status)}. Report the request ID to support.`;
  return new StatusError(status, code ?? (status === 500 ? internal.code : codeOf(status)), message);
}

/** Returns whether another member of the problem document replaces this member of Nest's response. */
function isReplaced(name: string, value: unknown): boolean {
  if (name === 'message') return textOf(value) !== undefined;
  if (name === 'error') return typeof value === 'string';
  return name === 'statusCode' || (name === 'errorCode' && isCode(value));
}

/** Returns the title or description of an exception. By default, Nest sets `error` to the name of the status. */
function titleIn({ title, error }: Members, status: number): string | undefined {
  const text = textOf(title) ?? textOf(error);
  return text?.toLowerCase() === phraseOf(status).toLowerCase() ? undefined : text;
}

/** Converts a message or a list of messages, as `ValidationPipe` returns. */
function textOf(value: unknown): string | undefined {
  const texts = [value].flat();
  const isText = texts.length > 0 && texts.every((text) => typeof text === 'string' || typeof text === 'number');
  return isText ? texts.join('; ') || undefined : undefined;
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && CODE.test(value);
}

function phraseOf(status: number): string {
  return STATUS_CODES[status] ?? `Status ${status}`;
}

/** Returns the name of a status as a code, such as `payment_required`. */
function codeOf(status: number): string {
  const words = phraseOf(status).toLowerCase().replaceAll("'", '');
  return words.replaceAll(/[^a-z0-9]+/g, '_');
}

/** Returns whether Express accepts this status. */
function isStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599;
}

interface HttpError extends Error {
  readonly status: number;
  /** Whether the client may read the message. */
  readonly expose: boolean;
}

function isHttpError(error: unknown): error is HttpError {
  if (!(error instanceof Error) || !('status' in error && 'statusCode' in error && 'expose' in error)) return false;
  return (
    error.status === error.statusCode &&
    isStatus(error.status) &&
    error.status >= 400 &&
    typeof error.expose === 'boolean'
  );
}
