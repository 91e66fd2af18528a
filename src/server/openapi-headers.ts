import type { OpenAPIObject } from '@nestjs/swagger';

/** The documented response headers. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'Identifies the request in the log. The client can send its own ID.',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
  },
  'WWW-Authenticate': {
    description: 'The challenge (RFC 6750 §3). It has an error code if the token of the request was rejected.',
    required: true,
    schema: { type: 'string' },
    example: 'Bearer error="invalid_token"',
  },
  'Retry-After': {
    description: 'Seconds to wait before the next request (RFC 9110 §10.2.3).',
    required: true,
    schema: { type: 'integer', format: 'int32', minimum: 0 },
    example: 5,
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

/** Adds the headers to the responses that have them. `isLimited` adds those that report rate limits. */
export function describeHeaders(responses: Responses, isLimited: boolean): void {
  for (const [status, response] of Object.entries(responses)) {
    if (!response || isReference(response)) continue;
    const names = [
      'X-Request-Id',
      ...(status === '401' ? ['WWW-Authenticate'] : []),
      ...(status === '429' || status === '503' ? ['Retry-After'] : []),
      ...(isLimited ? ['RateLimit-Policy', 'RateLimit'] : []),
    ];
    const added = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
    response.headers = { ...added, ...response.headers };
  }
}

/** Returns whether the response is described elsewhere. Swagger adds an empty description to such a reference. */
export function isReference(response: NonNullable<Responses[string]>): response is { $ref: string } {
  return '$ref' in response;
}
