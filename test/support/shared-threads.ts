import { availableParallelism } from 'node:os';
import type { TestingModule } from '@nestjs/testing';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../src/platform/passwords/password-policy.js';
import { WorkerPool } from '../../src/platform/passwords/worker-pool.js';

/** Threads that stay when an application closes. They do not keep the process from ending. */
class SharedThreads extends WorkerPool<object> {
  constructor(file: string, threads: number) {
    super(file, { threads, maxWaiting: 10_000, idleTimeoutMs: 600_000 });
  }

  override closeLater(): void {
    // The next application uses them.
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

const hashing = new SharedThreads('password-hash.worker', availableParallelism());
const strength = new SharedThreads('password-strength.worker', 1);

/**
 * Lets all applications of this process use the same threads for passwords. Threads of its own would cost each one half
 * a second, because they load the word lists.
 */
export function shareThreads(module: TestingModule): void {
  for (const [type, pool] of [[PasswordHasher, hashing] as const, [PasswordPolicy, strength] as const]) {
    const service: object = module.get(type);
    if (service instanceof type) Object.assign(service, { pool });
  }
}
