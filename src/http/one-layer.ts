import type { RequestHandler } from 'express';

/** Joins middleware, because Express matches each one with the path of every request. */
export function inOneLayer(...handlers: readonly RequestHandler[]): RequestHandler {
  const end: RequestHandler = (_request, _response, next) => next();
  return handlers.reduceRight<RequestHandler>(
    (rest, handler) => (request, response, next) =>
      void handler(request, response, (error?: unknown) => (error ? next(error) : void rest(request, response, next))),
    end,
  );
}
