import type { OpenAPIObject } from '@nestjs/swagger';

/** The response headers that report limits and waiting times. */
export const HEADERS = {
  'Retry-After': {
    description: 'Seconds to wait before the next request (RFC 9110 §10.2.3).',
    schema: { type: 'integer' },
  },
  'RateLimit-Policy': {
    description:
      'The limits that apply: attempts (`q`) per window of seconds (`w`) (draft-ietf-httpapi-ratelimit-headers-10).',
    schema: { type: 'string' },
    example: '"login-address";q=100;w=900, "login-account";q=10;w=900',
  },
  RateLimit: {
    description: 'The remaining attempts (`r`), and the seconds until the limit resets (`t`).',
    schema: { type: 'string' },
    example: '"login-address";r=99;t=900, "login-account";r=9;t=900',
  },
} as const;

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

/** Adds the headers to the responses that may have them. A route that may return 429 reports its limits in all of them. */
export function describeHeaders(responses: Responses): void {
  const isLimited = responses['429'] !== undefined;
  for (const [status, response] of Object.entries(responses)) {
    if (!response || isReference(response)) continue;
    const names = [
      ...(status === '429' || status === '503' ? ['Retry-After'] : []),
      ...(isLimited ? ['RateLimit-Policy', 'RateLimit'] : []),
    ];
    if (names.length === 0) continue;
    const added = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
    response.headers = { ...added, ...response.headers };
  }
}

/** Returns whether the response is described elsewhere. Swagger adds an empty description to such a reference. */
export function isReference(response: NonNullable<Responses[string]>): response is { $ref: string } {
  return '$ref' in response;
}
