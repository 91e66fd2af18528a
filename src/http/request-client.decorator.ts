import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';
import type { Client, RateLimitListener, RateLimitPolicy, RateLimitState } from '../common/client.js';
import { clientOf } from './client.js';
import { cookieValues, REFRESH_COOKIE } from './cookies.js';
import type { GuardedRequest } from './guarded-request.js';

/**
 * Injects the client of the current request, for routes with rate limits. The response reports the limits that the
 * service checks. Document the 429 with `@ApiProblems(TooManyRequestsError)`.
 */
export const RequestClient = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  const http = context.switchToHttp();
  const [request, response] = [http.getRequest<GuardedRequest>(), http.getResponse<Response>()];
  return {
    ...clientOf(request),
    // It identifies the device only. Browsers send it to the routes below `/auth`.
    refreshToken: cookieValues(request, REFRESH_COOKIE)[0],
    replacedToken: request.replacedToken,
    rateLimits: new RateLimitHeaders(response),
    response,
  };
});

/** Sets the headers of draft-ietf-httpapi-ratelimit-headers-10. */
export class RateLimitHeaders implements RateLimitListener {
  private readonly policies = new Map<string, string>();
  private readonly states = new Map<string, string>();

  constructor(private readonly response: Response) {}

  onPolicy({ name, points, windowSeconds }: RateLimitPolicy): void {
    this.policies.set(name, `"${name}";q=${points};w=${windowSeconds}`);
    this.write('RateLimit-Policy', this.policies);
  }

  onStates(states: readonly RateLimitState[]): void {
    for (const { policy, remaining, resetSeconds } of states) {
      this.onPolicy(policy);
      this.states.set(policy.name, `"${policy.name}";r=${remaining};t=${resetSeconds}`);
      this.write('RateLimit', this.states);
    }
  }

  private write(header: string, items: ReadonlyMap<string, string>): void {
    this.response.setHeader(header, [...items.values()].join(', '));
  }
}
