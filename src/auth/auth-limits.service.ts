import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain.error.js';
import { Database } from '../platform/database/database.js';
import type { Client } from '../common/client.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { KnownDevicesService } from '../sessions/known-devices.service.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';
import { normalizeEmail } from '../users/email.js';

/** Whom the limits of signing in, registering and refreshing count: here is said what stands for an account. */
@Injectable()
export class AuthLimits {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly knownDevices: KnownDevicesService,
    private readonly database: Database,
  ) {}

  /**
   * Limits the failed sign-ins on an address, whether it has an account or not. Whoever uses the limit up locks out
   * strangers only: a device that the account knows then has a limit of its own.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  async login<T>(email: string, device: Client, work: () => Promise<T>): Promise<T> {
    const account = { email: normalizeEmail(email) };
    const knownDevice = () => this.database.run((manager) => this.knownDevices.recognize(manager, account, device));
    const attempt = await this.limits.begin('login', { client: device, account: JSON.stringify(account), knownDevice });
    try {
      const result = await work();
      await attempt.succeeded();
      return result;
    } catch (error) {
      await attempt.failed(error);
      throw error;
    }
  }

  /** @throws TooManyRequestsError */
  register(email: string, client: Client): Promise<void> {
    return this.limits.spend('register', { client, account: normalizeEmail(email) });
  }

  /**
   * Limits the failed refreshes of a session. A stranger who knows its id can use the limit up, and stops nothing by
   * it: a good refresh is never refused.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  async refresh<T>(presented: string, client: Client, work: () => Promise<T>): Promise<T> {
    this.limits.announce('refresh', client);
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'unauthenticated') {
        await this.limits.spend('refresh', { client, account: parseRefreshToken(presented)?.sessionId });
      }
      throw error;
    }
  }
}
