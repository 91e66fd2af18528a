import { availableParallelism } from 'node:os';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { shareOf } from '../../config/share.js';
import { isOutdated, unmatchableHash } from './password-hash.js';
import type * as worker from './password-hash.worker.js';
import { WorkerPool } from './worker-pool.js';

/** How many passwords may wait for each thread: the last of them waits for as many hashes, 16 s at 250 ms each. */
const WAITING_PER_THREAD = 64;
/** In milliseconds. A thread holds little, and the next sign-in should not wait for one to start. */
const IDLE_TIMEOUT = 600_000;

/**
 * Hashes and checks passwords at the configured cost, in as many threads as there are processors; workers share them.
 * Their priority is low, so that requests and the database go first. Never call it while holding a database connection.
 */
@Injectable()
export class PasswordHasher implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly cost: number;
  private readonly threads: WorkerPool<typeof worker>;

  constructor(@InjectConfig() config: Config) {
    this.cost = config.password.bcryptCost;
    const threads = shareOf(availableParallelism(), config.worker);
    this.threads = new WorkerPool('password-hash.worker', {
      threads,
      queue: WAITING_PER_THREAD * threads,
      idleTimeout: IDLE_TIMEOUT,
    });
  }

  /** The hash of a new password, with a salt of its own. @throws OverloadedError */
  hash(password: string): Promise<string> {
    return this.threads.run('make', { password, cost: this.cost });
  }

  /**
   * Whether a password is the one behind a hash; undefined where nobody has the address. A failure takes the same work
   * whatever there was to compare with (ASVS 6.3.8).
   *
   * @throws OverloadedError
   */
  verify(password: string, stored: string | undefined): Promise<boolean> {
    return this.threads.run('verify', { password, stored: stored ?? null, cost: this.cost });
  }

  /** Whether a hash should be replaced at the next good sign-in. */
  isOutdated(stored: string): boolean {
    return isOutdated(stored, this.cost);
  }

  /** A hash for an account that nobody may sign in to: trying a password takes as long as with any other. */
  unusable(): string {
    return unmatchableHash(this.cost);
  }

  beforeApplicationShutdown(): void {
    this.threads.closeSoon();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.threads.close();
  }
}
