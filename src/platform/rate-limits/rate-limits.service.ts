import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Client, RateLimitPolicy } from '../../common/client.js';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import { networkOf } from '../../common/network.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { RateLimitAttempt } from './rate-limit-attempt.js';
import { RateLimitCounter, type Point, type PointRequest, type SharedStore } from './rate-limit.counter.js';
import { TooManyRequestsError } from './rate-limits.errors.js';
import { limitRejections } from './rate-limits.metrics.js';
import { RejectionDelay } from './rejection-delay.js';

export const SHARED_STORE = Symbol('SHARED_STORE');
/** How long to wait for the shared store, in milliseconds. */
export const STORE_TIMEOUT_MS = Symbol('STORE_TIMEOUT_MS');

export type RateLimitName = keyof Config['rateLimits']['quotas'];

/** Attempts are counted per client network (`address`), account or known device. */
type Scope = 'address' | 'account' | 'device';

/** Counts the client first, so that a rejected client cannot exhaust the account's limit. */
const BOTH: readonly Scope[] = ['address', 'account'];

/** The client and the account of an attempt. */
export interface RateLimitSubject {
  /** Clients without an IP address share one limit. */
  readonly client: Client;
  /** Identifies the account, whether or not it exists, for example a normalized email. Only its hash is stored. */
  readonly account?: string | undefined;
  /** Counts the account for each client network separately, so that strangers cannot exhaust its owner's limit. */
  readonly isPerClient?: boolean;
  /**
   * Returns an identifier of the device if the account knows it, otherwise `null`. Called only if the account's limit is
   * exhausted. A known device then has a limit of its own, which strangers cannot exhaust.
   */
  readonly knownDevice?: () => Promise<string | null>;
}

/**
 * Limits attempts per client and per account (ASVS 6.3.1). The limits apply across all instances. While the shared store
 * is unavailable, each process counts by itself.
 */
@Injectable()
export class RateLimitsService implements HasGauges {
  private readonly config: Config['rateLimits'];
  private readonly counter: RateLimitCounter;

  constructor(
    @InjectConfig() config: Config,
    @Inject(SHARED_STORE) store: SharedStore,
    @Inject(STORE_TIMEOUT_MS) storeTimeoutMs: number,
    private readonly delay: RejectionDelay,
  ) {
    this.config = config.rateLimits;
    this.counter = new RateLimitCounter(store, storeTimeoutMs);
  }

  [GAUGES](): GaugeValue[] {
    const help = '1 while the shared store counts, 0 while this process counts by itself.';
    const value = this.counter.isStoreAvailable ? 1 : 0;
    return [{ name: 'gatehouse_rate_limit_store_available', help, value, aggregator: 'min' }];
  }

  /**
   * Counts an attempt, successful or not.
   *
   * @param scopes what to count. The other limit also applies if the process knows that it is exhausted
   * @throws TooManyRequestsError
   */
  async spend(name: RateLimitName, subject: RateLimitSubject, scopes: readonly Scope[] = BOTH): Promise<void> {
    await this.take(name, subject, scopes);
  }

  /** Counts an attempt for the account alone, and returns whether its limit allows it. Does not report the limit. */
  async isWithinAccountLimit(name: RateLimitName, subject: RateLimitSubject): Promise<boolean> {
    return !(await this.count(name, subject, ['account'])).some(isExceeded);
  }

  /**
   * Counts an attempt before it starts, so that parallel attempts cannot exceed the limit.
   *
   * @throws TooManyRequestsError
   */
  async begin(name: RateLimitName, subject: RateLimitSubject): Promise<RateLimitAttempt> {
    const points = await this.take(name, subject, BOTH);
    return new RateLimitAttempt(async () => report(await this.counter.refund(points), subject.client));
  }

  /** Reports the limit per client without counting, for operations whose failures alone are counted. */
  announce(name: RateLimitName, { rateLimits }: Client): void {
    if (this.config.enabled) rateLimits?.onPolicy(this.policy(name, 'address'));
  }

  private async take(name: RateLimitName, subject: RateLimitSubject, scopes: readonly Scope[]): Promise<Point[]> {
    const { client } = subject;
    const points = await this.count(name, subject, scopes, client);
    report(points, client);
    const exceeded = points.find(isExceeded);
    if (!exceeded) return points;
    limitRejections.add({ limit: exceeded.policy.name });
    if (exceeded.isKnown) await this.delay.wait(client.response);
    throw new TooManyRequestsError(resetSeconds(exceeded));
  }

  /** @param reportTo gets the state of the client's limit before the lookup of the device, which can fail */
  private async count(
    name: RateLimitName,
    { client, account, isPerClient, knownDevice }: RateLimitSubject,
    scopes: readonly Scope[],
    reportTo?: Client,
  ): Promise<Point[]> {
    if (!this.config.enabled) return [];
    const network = client.ipAddress === null ? '' : networkOf(client.ipAddress);
    const requests = [this.request(name, 'address', network)];
    if (account !== undefined) {
      requests.push(this.request(name, 'account', isPerClient ? JSON.stringify([network, account]) : account));
    }
    const counted = requests.filter((_, index) => scopes.includes(BOTH[index] ?? 'device'));
    // A client that exhausted its own limit does not exhaust the account's limit.
    const searched = knownDevice ? [] : reportTo ? requests : counted;
    const known = searched.map((request) => this.counter.findExhausted(request)).find(Boolean);
    const points = known ? [known] : await this.counter.take(counted);
    const isAccountExhausted =
      points.length === counted.length && scopes.includes('account') && points.some(isExceeded);
    if (isAccountExhausted && knownDevice) {
      const others = points.slice(0, -1);
      if (reportTo) report(others, reportTo);
      const device = await knownDevice();
      const ofDevice = device && this.request(name, 'device', JSON.stringify([account, device]));
      if (ofDevice) return [...others, ...(await this.counter.take([ofDevice]))];
    }
    return points;
  }

  private request(name: RateLimitName, scope: Scope, subject: string): PointRequest {
    return { policy: this.policy(name, scope), key: createHash('sha256').update(subject).digest('base64url') };
  }

  private policy(name: RateLimitName, scope: Scope): RateLimitPolicy {
    const { points, window } = this.config.quotas[name][scope === 'address' ? 'address' : 'account'];
    return { name: `${name}-${scope}`, points, windowSeconds: window };
  }
}

function isExceeded({ consumed, policy }: Point): boolean {
  return consumed > policy.points;
}

function resetSeconds({ msLeft }: Point): number {
  return Math.max(Math.ceil(msLeft / 1_000), 1);
}

function report(points: readonly Point[], { rateLimits }: Client): void {
  rateLimits?.onStates(
    points.map((point) => ({
      policy: point.policy,
      remaining: Math.max(point.policy.points - point.consumed, 0),
      resetSeconds: resetSeconds(point),
    })),
  );
}
