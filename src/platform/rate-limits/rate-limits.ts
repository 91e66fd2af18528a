import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/domain.error.js';
import { networkOf } from '../../common/network.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { BoundedLimiter } from './bounded-limiter.js';
import type { RateLimitListener, RateLimitSubject } from './limited-client.js';
import type { RateLimitName, RateLimitScope } from './rate-limit.js';
import { RateLimitStore } from './rate-limit.store.js';
import { RateLimiter, type Taken } from './rate-limiter.js';
import { TooManyRequestsError } from './rate-limits.errors.js';

/** How often something may be tried, by one client and on one account (ASVS 6.3.1), on all instances together. */
@Injectable()
export class RateLimits {
  private readonly config: Config['rateLimits'];
  private readonly limiters = new Map<string, RateLimiter>();
  private readonly standIn = new BoundedLimiter();

  constructor(
    @InjectConfig() config: Config,
    private readonly store: RateLimitStore,
  ) {
    this.config = config.rateLimits;
  }

  /**
   * Counts something that is limited whatever comes of it.
   *
   * @throws TooManyRequestsError
   */
  async spend(name: RateLimitName, subject: RateLimitSubject): Promise<void> {
    await this.take(name, subject);
  }

  /**
   * Counts a try before it is made, so that no number of tries at once gets past the limit, and gives the point back
   * if it succeeds: only failures are limited. A try that failed through no fault of whoever made it does not count.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  async attempt<T>(name: RateLimitName, subject: RateLimitSubject, work: () => Promise<T>): Promise<T> {
    const taken = await this.take(name, subject);
    let isFailure = false;
    try {
      return await work();
    } catch (error) {
      isFailure = !(error instanceof DomainError) || error.kind !== 'unavailable';
      throw error;
    } finally {
      if (!isFailure) for (const point of taken) subject.client.limits.onState(await point.giveBack());
    }
  }

  /**
   * Counts failures once they are known, and refuses to tell of those beyond the limit. What succeeds costs nothing,
   * so this is for secrets that nobody can guess: here the limit spares the one who is asked, and guards no secret.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  async countFailures<T>(name: RateLimitName, subject: RateLimitSubject, work: () => Promise<T>): Promise<T> {
    if (this.config.enabled) subject.client.limits.onPolicy(this.limiter(name, 'address').policy);
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'unauthenticated') await this.take(name, subject);
      throw error;
    }
  }

  /** The address comes first: a client that is refused uses up nobody's account. */
  private async take(name: RateLimitName, subject: RateLimitSubject): Promise<readonly Taken[]> {
    if (!this.config.enabled) return [];
    const { account, client } = subject;
    const { ipAddress, limits } = client;
    const ofAddress = await this.limiter(name, 'address').take(ipAddress === null ? '' : networkOf(ipAddress));
    admit(ofAddress, limits);
    if (account === undefined) return [ofAddress];
    const ofAccount = await this.takeFromAccount(name, account, subject.knownDevice);
    admit(ofAccount, limits);
    return [ofAddress, ofAccount];
  }

  private async takeFromAccount(
    name: RateLimitName,
    account: string,
    knownDevice: RateLimitSubject['knownDevice'],
  ): Promise<Taken> {
    const taken = await this.limiter(name, 'account').take(account);
    const device = taken.isWithin ? null : await knownDevice?.();
    return device ? this.limiter(name, 'device').take(JSON.stringify([account, device])) : taken;
  }

  private limiter(name: RateLimitName, scope: RateLimitScope): RateLimiter {
    const policyName = `${name}-${scope}`;
    const known = this.limiters.get(policyName);
    if (known) return known;
    const quota = this.config.quotas[name][scope === 'address' ? 'address' : 'account'];
    const limiter = new RateLimiter({ name: policyName, ...quota }, this.store, this.standIn);
    this.limiters.set(policyName, limiter);
    return limiter;
  }
}

function admit({ isWithin, state }: Taken, limits: RateLimitListener): void {
  limits.onState(state);
  if (!isWithin) throw new TooManyRequestsError(state.reset);
}
