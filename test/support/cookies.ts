import type { Response } from 'supertest';

/** Returns the `Set-Cookie` headers of a response. */
export function cookiesOf({ headers }: Response): string[] {
  return (headers['set-cookie'] ?? []) as unknown as string[];
}

/** Returns the `Cookie` header that a browser sends after this response, or an empty one. */
export function cookieHeaderAfter(response: Response): string {
  return cookiesOf(response)[0]?.split(';')[0] ?? '';
}
