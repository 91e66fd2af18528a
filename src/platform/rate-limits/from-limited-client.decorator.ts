import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { clientOf } from '../../http/client.js';
import type { LimitedClient, RateLimitListener } from './limited-client.js';
import type { RateLimitPolicy, RateLimitState } from './rate-limit.js';

/**
 * Where the current request came from, for routes whose services ask `RateLimits`: their answers tell the client
 * where it stands. What a refusal looks like is documented beside it, with `@ApiProblems(TooManyRequestsError)`.
 */
export const FromLimitedClient = createParamDecorator((_: unknown, context: ExecutionContext): LimitedClient => {
  const http = context.switchToHttp();
  return { ...clientOf(http.getRequest<Request>()), limits: new RateLimitHeaders(http.getResponse<Response>()) };
});

/** Writes the limits that a request meets into its answer, as draft-ietf-httpapi-ratelimit-headers-10 asks. */
class RateLimitHeaders implements RateLimitListener {
  private readonly policies = new Map<string, string>();
  private readonly states = new Map<string, string>();

  constructor(private readonly response: Response) {}

  onPolicy({ name, points, window }: RateLimitPolicy): void {
    this.policies.set(name, `"${name}";q=${points};w=${window}`);
    this.write('RateLimit-Policy', this.policies);
  }

  onState({ policy, remaining, reset }: RateLimitState): void {
    this.onPolicy(policy);
    this.states.set(policy.name, `"${policy.name}";r=${remaining};t=${reset}`);
    this.write('RateLimit', this.states);
  }

  private write(header: string, items: ReadonlyMap<string, string>): void {
    this.response.setHeader(header, [...items.values()].join(', '));
  }
}
