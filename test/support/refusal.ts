import type { Response } from 'supertest';

/** Expects an answer to be a problem document with this status and code. */
export function expectRefusal(response: Response, status: number, code: string): void {
  const { headers, body } = response;
  expect({ status: response.status, code: body.code, type: headers['content-type'] }).toEqual({
    status,
    code,
    type: 'application/problem+json; charset=utf-8',
  });
}
