import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { RateLimitPolicy, RateLimitState } from './rate-limit.js';

/** Is told what a request meets of limits. */
export interface RateLimitListener {
  /** A limit that holds for the request, whether anything was counted or not. */
  onPolicy(policy: RateLimitPolicy): void;
  onState(state: RateLimitState): void;
}

/**
 * Carries word of the limits from the service that counts to the edge that answers, past those between them who
 * have no business with it: a bad answer is told of its limits as a good one is.
 */
@Injectable()
export class RateLimitReports {
  private readonly listeners = new AsyncLocalStorage<RateLimitListener>();

  /** Does something, and lets the listener hear of all limits that it meets. */
  listen<T>(listener: RateLimitListener, act: () => T): T {
    return this.listeners.run(listener, act);
  }

  announce(policy: RateLimitPolicy): void {
    this.listeners.getStore()?.onPolicy(policy);
  }

  report(state: RateLimitState): void {
    this.announce(state.policy);
    this.listeners.getStore()?.onState(state);
  }
}
