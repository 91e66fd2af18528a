import type { Response } from 'supertest';

/** The members of every problem document. */
const MEMBERS = ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'];

/** Asserts that a response is this problem, according to RFC 9457 and the rules of the API. */
export function expectProblem(answer: Response, status: number, code: string): void {
  expectProblemDocument(answer, status, code);
  expect(answer.body.title).toMatch(/^[A-Z][a-z0-9 ]+$/);
  expect(answer.body.detail).toMatch(/^[A-Z].*\.$/);
}

/** Asserts that a response is this problem. Accepts texts that another library wrote. */
export function expectProblemDocument(answer: Response, status: number, code: string): void {
  const instance = new URL(answer.request.url).pathname;
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(Object.keys(answer.body as object)).toEqual(expect.arrayContaining(MEMBERS));
  expect(answer.body).toMatchObject({ status, code, instance, requestId: answer.headers['x-request-id'] });
  expect(answer.body.type).toMatch(new RegExp(`^[a-z][a-z0-9+.-]*:.*\\b${code}$`));
  expect(answer.text).not.toMatch(/node_modules|\bat .*:\d+:\d+|SELECT|INSERT|stack/);
}
