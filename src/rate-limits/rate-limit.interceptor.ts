import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import type { RateLimitPolicy, RateLimitState } from './rate-limit.js';
import { RateLimitReports, type RateLimitListener } from './rate-limit-reports.js';

/** Names the limits that a request met in its answer, as draft-ietf-httpapi-ratelimit-headers-10 asks. */
@Injectable()
export class RateLimitInterceptor implements NestInterceptor {
  constructor(private readonly reports: RateLimitReports) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return this.reports.listen(new RateLimitHeaders(response), () => next.handle());
  }
}

class RateLimitHeaders implements RateLimitListener {
  private readonly policies = new Map<string, string>();
  private readonly states = new Map<string, string>();

  constructor(private readonly response: Response) {}

  onPolicy({ name, points, window }: RateLimitPolicy): void {
    this.policies.set(name, `"${name}";q=${points};w=${window}`);
    this.response.setHeader('RateLimit-Policy', [...this.policies.values()].join(', '));
  }

  onState({ policy, remaining, reset }: RateLimitState): void {
    this.states.set(policy.name, `"${policy.name}";r=${remaining};t=${reset}`);
    this.response.setHeader('RateLimit', [...this.states.values()].join(', '));
  }
}
