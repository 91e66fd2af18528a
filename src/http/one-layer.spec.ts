import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { inOneLayer } from './one-layer.js';

describe('inOneLayer', () => {
  const calls: string[] = [];
  const passes =
    (name: string, error?: string): RequestHandler =>
    (_request, _response, next) => {
      calls.push(name);
      next(error);
    };
  const run = (...handlers: RequestHandler[]) => {
    calls.length = 0;
    const next: NextFunction = (error?: string) => calls.push(error ? `next: ${error}` : 'next');
    void inOneLayer(...handlers)({} as Request, {} as Response, next);
    return calls;
  };

  it('calls each middleware, then the next layer', () => {
    expect(run(passes('a'), passes('b'))).toEqual(['a', 'b', 'next']);
  });

  it('skips the other middleware after an error', () => {
    expect(run(passes('a', 'broken'), passes('b'))).toEqual(['a', 'next: broken']);
  });
});
