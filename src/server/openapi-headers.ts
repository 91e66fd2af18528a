import type { OpenAPIObject } from '@nestjs/swagger';

/** The headers that tell a client how long to wait and where it stands. */
export const HEADERS = {
  'Retry-After': { description: 'How long to wait, in seconds (RFC 9110 §10.2.3).', schema: { type: 'integer' } },
  'RateLimit-Policy': {
    description:
      'The limits that were asked: how many tries in how many seconds (draft-ietf-httpapi-ratelimit-headers-10).',
    schema: { type: 'string' },
    example: '"login-address";q=100;w=900, "login-account";q=10;w=900',
  },
  RateLimit: {
    description: 'What is left of them, and in how many seconds they begin anew.',
    schema: { type: 'string' },
    example: '"login-address";r=99;t=900, "login-account";r=9;t=900',
  },
} as const;

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

/** Names them in each response that may have them: a route that may answer 429 says in any answer where one stands. */
export function describeHeaders(responses: Responses): void {
  const isLimited = responses['429'] !== undefined;
  for (const [status, response] of Object.entries(responses)) {
    if (!response || !('description' in response)) continue;
    const names = [
      ...(status === '429' || status === '503' ? ['Retry-After'] : []),
      ...(isLimited ? ['RateLimit-Policy', 'RateLimit'] : []),
    ];
    if (names.length === 0) continue;
    response.headers = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  }
}
