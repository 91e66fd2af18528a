import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import type { LimitedClient } from '../platform/rate-limits/limited-client.js';
import { RateLimits } from '../platform/rate-limits/rate-limits.js';
import { KnownDevicesService, type ClaimedDevice } from '../sessions/known-devices.service.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';
import { normalizeEmail } from '../users/email.js';

/** Whom the limits of signing in, registering and refreshing count: here is said what stands for an account. */
@Injectable()
export class AuthLimits {
  constructor(
    private readonly limits: RateLimits,
    private readonly knownDevices: KnownDevicesService,
    private readonly database: Database,
  ) {}

  /**
   * Limits the failed sign-ins on an address, whether it has an account or not. Whoever uses the limit up locks out
   * strangers only: a device that the account knows then has a limit of its own.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  login<T>(email: string, device: ClaimedDevice & LimitedClient, work: () => Promise<T>): Promise<T> {
    const account = { email: normalizeEmail(email) };
    const knownDevice = () => this.database.run((manager) => this.knownDevices.recognize(manager, account, device));
    return this.limits.attempt('login', { client: device, account: JSON.stringify(account), knownDevice }, work);
  }

  /** @throws TooManyRequestsError */
  register(email: string, client: LimitedClient): Promise<void> {
    return this.limits.spend('register', { client, account: normalizeEmail(email) });
  }

  /**
   * Limits the failed refreshes of a session. A stranger who knows its id can use the limit up, and stops nothing by
   * it: a good refresh is never refused.
   *
   * @throws TooManyRequestsError, and what `work` throws
   */
  refresh<T>(presented: string, client: LimitedClient, work: () => Promise<T>): Promise<T> {
    return this.limits.countFailures('refresh', { client, account: parseRefreshToken(presented)?.sessionId }, work);
  }
}
