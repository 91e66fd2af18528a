import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Client, RateLimitPolicy, RateLimitState } from '../../common/client.js';
import { DomainError } from '../../common/domain.error.js';
import { networkOf } from '../../common/network.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { MemoryCounter } from './memory-counter.js';
import { TooManyRequestsError } from './rate-limits.errors.js';
import { SharedCounter, STORE_TIMEOUT_MS } from './shared-counter.js';

export type RateLimitName = keyof Config['rateLimits']['quotas'];

/** Whose attempts are counted together. */
type Scope = 'address' | 'account' | 'device';

/** Who makes an attempt. */
export interface RateLimitSubject {
  /** Clients without an IP address share one limit. */
  readonly client: Client;
  /** Identifies the account, whether or not it exists, for example a normalized email. Only its hash is stored. */
  readonly account?: string | undefined;
  /**
   * Returns an identifier of the device if the account knows it, otherwise `null`. Called only if the account's limit is
   * exhausted. A known device then has a limit of its own, which strangers cannot exhaust.
   */
  readonly knownDevice?: () => Promise<string | null>;
}

/** A point taken from one limit. */
interface Point {
  readonly isWithinLimit: boolean;
  readonly state: RateLimitState;
  /** Returns the point to the counter that it came from. */
  refund(): Promise<RateLimitState>;
}

/** An attempt that was counted when it started. */
export class RateLimitAttempt {
  constructor(
    private readonly points: readonly Point[],
    private readonly client: Client,
  ) {}

  /** Refunds the attempt, because only failures are limited. */
  async succeeded(): Promise<void> {
    for (const point of this.points) this.client.rateLimits?.onState(await point.refund());
  }

  /** Refunds the attempt if the server was unavailable. The caller is not responsible for such failures. */
  async failed(error: unknown): Promise<void> {
    if (error instanceof DomainError && error.kind === 'unavailable') await this.succeeded();
  }
}

/**
 * Limits how often one client, and everyone on one account, may attempt something (ASVS 6.3.1). The limits hold over all
 * instances. While the shared counter is unavailable, each process counts by itself.
 */
@Injectable()
export class RateLimitsService {
  private readonly config: Config['rateLimits'];
  private readonly memory = new MemoryCounter();

  constructor(
    @InjectConfig() config: Config,
    private readonly shared: SharedCounter,
  ) {
    this.config = config.rateLimits;
  }

  /** Counts an attempt, whatever its outcome. @throws TooManyRequestsError */
  async spend(name: RateLimitName, subject: RateLimitSubject): Promise<void> {
    await this.take(name, subject);
  }

  /**
   * Counts an attempt before it starts, so that parallel attempts cannot exceed the limit. Call `succeeded` or `failed`
   * at its end.
   *
   * @throws TooManyRequestsError
   */
  async begin(name: RateLimitName, subject: RateLimitSubject): Promise<RateLimitAttempt> {
    return new RateLimitAttempt(await this.take(name, subject), subject.client);
  }

  /** Reports the limit per client without counting, for operations whose failures alone are counted. */
  announce(name: RateLimitName, client: Client): void {
    if (this.config.enabled) client.rateLimits?.onPolicy(this.policy(name, 'address'));
  }

  /** Takes the client's point first, so that a rejected client cannot exhaust the account's limit. */
  private async take(name: RateLimitName, { client, account, knownDevice }: RateLimitSubject): Promise<Point[]> {
    if (!this.config.enabled) return [];
    const network = client.ipAddress === null ? '' : networkOf(client.ipAddress);
    const points = [assertWithinLimit(await this.takePoint(name, 'address', network), client)];
    if (account === undefined) return points;
    let point = await this.takePoint(name, 'account', account);
    const device = point.isWithinLimit ? null : await knownDevice?.();
    if (device) point = await this.takePoint(name, 'device', JSON.stringify([account, device]));
    return [...points, assertWithinLimit(point, client)];
  }

  private async takePoint(name: RateLimitName, scope: Scope, subject: string): Promise<Point> {
    const policy = this.policy(name, scope);
    const key = createHash('sha256').update(subject).digest('base64url');
    const sharedCount = await this.shared.consume(policy, key);
    const { consumed, msLeft } = sharedCount ?? this.memory.consume(policy, key);
    const refundableUntil = performance.now() + msLeft - STORE_TIMEOUT_MS;
    const remaining = Math.max(policy.points - consumed, 0);
    const state = { policy, remaining, resetSeconds: Math.max(Math.ceil(msLeft / 1_000), 1) };
    return {
      isWithinLimit: consumed <= policy.points,
      state,
      refund: async () => {
        // The next window must not receive a point that was taken in this one.
        if (performance.now() > refundableUntil) return state;
        if (sharedCount) await this.shared.refund(policy, key);
        else this.memory.refund(policy, key);
        return { ...state, remaining: remaining + 1 };
      },
    };
  }

  private policy(name: RateLimitName, scope: Scope): RateLimitPolicy {
    const { points, window } = this.config.quotas[name][scope === 'address' ? 'address' : 'account'];
    return { name: `${name}-${scope}`, points, windowSeconds: window };
  }
}

function assertWithinLimit(point: Point, { rateLimits }: Client): Point {
  rateLimits?.onState(point.state);
  if (!point.isWithinLimit) throw new TooManyRequestsError(point.state.resetSeconds);
  return point;
}
