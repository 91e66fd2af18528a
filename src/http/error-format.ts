import { SetMetadata } from '@nestjs/common';
import type { Application } from 'express';
import type { DomainError } from '../common/domain.error.js';
import { withoutQuery } from '../common/without-query.js';
import { findHandler } from './route-table.js';

const ERROR_FORMAT = 'gatehouse:error-format';

/** Returns the status and the JSON body of the response to an error, and a challenge if the error has none of its own. */
export type ErrorFormat = (error: DomainError) => readonly [status: number, body: object, challenge?: string];

/**
 * Replaces problem documents with another format for all errors at the path of a route. Includes errors that no exception
 * filter of the route sees, such as 405 and timeouts.
 */
export const FormatErrors = (format: ErrorFormat): MethodDecorator => SetMetadata(ERROR_FORMAT, format);

/** Returns the format of the errors at the path of a request, unless they are problem documents. */
export function errorFormatOf({ app, originalUrl }: { app?: Application; originalUrl?: string }): ErrorFormat | null {
  if (!app || originalUrl === undefined) return null;
  const isSelected = (handler: object) => Reflect.hasMetadata(ERROR_FORMAT, handler);
  const handler = findHandler(app, withoutQuery(originalUrl), isSelected);
  return handler ? (Reflect.getMetadata(ERROR_FORMAT, handler) as ErrorFormat) : null;
}
