import { domainError } from '../../common/domain.error.js';

/** The session, or the server, has too many open streams. */
export class TooManyStreamsError extends domainError(
  'rate_limited',
  'too_many_streams',
  'Too many streams are open. Close some of them first.',
) {}

/** The server is shutting down. */
export class ServerStoppingError extends domainError(
  'unavailable',
  'server_stopping',
  'The server is restarting. Connect again.',
) {}
