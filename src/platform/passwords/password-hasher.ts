import { availableParallelism } from 'node:os';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { OverloadedError } from '../../common/domain.error.js';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { shareOf } from '../../config/share.js';
import { RejectionDelay } from '../rate-limits/rejection-delay.js';
import { normalizePassword } from './normalize-password.js';
import { isOutdated, unmatchableHash } from './password-hash.js';
import type * as worker from './password-hash.worker.js';
import { WorkerPool } from './worker-pool.js';

/** At 250 ms per hash, the last one in the queue waits 16 seconds. */
const MAX_WAITING_PER_THREAD = 64;
/** Long, because an idle thread needs little memory and the next sign-in should not wait for a thread to start. */
const IDLE_TIMEOUT_MS = 600_000;

export interface Verification {
  readonly isMatch: boolean;
  /** Whether the next hash of this password should replace the stored one. */
  readonly isOutdated: boolean;
}

/**
 * Hashes and verifies passwords at the configured cost, with one thread per processor. Several worker processes share that
 * number. Do not call it while you use a database connection, because it can take seconds.
 */
@Injectable()
export class PasswordHasher implements BeforeApplicationShutdown, OnApplicationShutdown, HasGauges {
  private readonly cost: number;
  private readonly pool: WorkerPool<typeof worker>;

  constructor(
    @InjectConfig() config: Config,
    private readonly delay: RejectionDelay,
  ) {
    this.cost = config.password.bcryptCost;
    const threads = shareOf(availableParallelism(), config.worker);
    this.pool = new WorkerPool('password-hash.worker', {
      threads,
      maxWaiting: MAX_WAITING_PER_THREAD * threads,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
    });
  }

  /** Rejects a request before any other work if its password could not be hashed. @throws OverloadedError */
  async assertCapacity({ response }: Client): Promise<void> {
    if (!this.pool.isFull()) return;
    await this.delay.wait(response);
    throw new OverloadedError();
  }

  /**
   * Hashes a new password.
   *
   * @param client that waits for the result, if any
   * @throws OverloadedError
   * @throws RequestTimeoutError if the client no longer waits when a thread is free
   */
  hash(password: string, client?: Client): Promise<string> {
    return this.pool.run('make', { password: normalizePassword(password), cost: this.cost }, client?.response);
  }

  /**
   * Verifies a password, normalized or as it was typed. This is one verification if both are equal, and otherwise two.
   * Pass `undefined` if the account does not exist: every failure takes the same time (ASVS 6.3.8).
   *
   * @param client that waits for the result, if any
   * @throws OverloadedError
   * @throws RequestTimeoutError if the client no longer waits when a thread is free
   */
  async verify(typed: string, stored = '', client?: Client): Promise<Verification> {
    const password = normalizePassword(typed);
    const task = { password, stored: stored || null, cost: this.cost };
    if (typed === password) {
      const isMatch = await this.pool.run('verify', task, client?.response);
      return { isMatch, isOutdated: isMatch && isOutdated(stored, this.cost) };
    }
    const match = await this.pool.run('verifyForms', { ...task, typed }, client?.response);
    return { isMatch: match !== null, isOutdated: match === 'typed' || (!!match && isOutdated(stored, this.cost)) };
  }

  /** Returns a hash that no password matches. Verifying it takes as long as with any other hash. */
  unusable(): string {
    return unmatchableHash(this.cost);
  }

  [GAUGES](): GaugeValue[] {
    const help = 'Passwords that wait to be hashed or verified.';
    return [{ name: 'gatehouse_hash_queue_length', help, value: this.pool.waiting }];
  }

  beforeApplicationShutdown(): void {
    this.pool.closeLater();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }
}
