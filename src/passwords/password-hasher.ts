import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { costOf, hash, isOutdated, matches } from './password-hash.js';

/** Hashes and checks passwords at the configured cost. Never call it while holding a database connection. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly cost: number;
  private dummy: Promise<string> | undefined;

  constructor(@InjectConfig() config: Config) {
    this.cost = config.password.bcryptCost;
  }

  /** Makes the dummy hash before the first sign-in needs it: that one would take twice as long. */
  async onModuleInit(): Promise<void> {
    await this.dummyHash();
  }

  /** The hash of a new password, with a salt of its own. */
  hash(password: string): Promise<string> {
    return hash(password, this.cost);
  }

  /**
   * Whether a password is the one behind a hash. A failure takes the same work whatever there was to compare with,
   * so that the time tells nothing (ASVS 6.3.8): without a hash (nobody has that address), a real one of the
   * configured cost; with one of a lower cost, that and the rest of the work.
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const matched = await matches(password, stored ?? (await this.dummyHash()));
    if (stored !== undefined && !matched) await this.makeUp(password, costOf(stored));
    return matched && stored !== undefined;
  }

  /** Hashes at each cost from `cost` to below the configured one: 2^c + 2^c + 2^(c+1) + … is the work of that one. */
  private async makeUp(password: string, cost = this.cost): Promise<void> {
    for (let missing = cost; missing < this.cost; missing++) await hash(password, missing);
  }

  /** Whether a hash should be replaced at the next good sign-in. */
  isOutdated(stored: string): boolean {
    return isOutdated(stored, this.cost);
  }

  /** A hash for an account that nobody may sign in to: a real one, of a password that nobody knows. */
  unusable(): Promise<string> {
    return this.dummyHash();
  }

  private dummyHash(): Promise<string> {
    this.dummy ??= hash(randomBytes(32).toString('base64'), this.cost);
    return this.dummy;
  }
}
