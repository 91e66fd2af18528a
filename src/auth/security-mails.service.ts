import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { describeDeviceSafely } from '../common/device-name.js';
import type { EntityManager } from '../platform/database/database.js';
import { MailOutbox } from '../platform/mail/mail-outbox.js';
import { OneTimeTokensService } from './one-time-tokens/one-time-tokens.service.js';
import type { User } from '../users/user.entity.js';

/** What people are told of, because somebody else may have done it. */
export type SecurityMailKind = 'new_device' | 'password_changed' | 'refresh_token_reused';

const HOUR = 3_600_000;

/**
 * How many of these mails an account gets in an hour, all kinds together. A stranger may have an account with somebody
 * else's address, and could sign in on ever new devices. A new password is told beyond what sign-ins may use up.
 */
const MOST_IN_AN_HOUR: Readonly<Record<SecurityMailKind, number>> = {
  new_device: 10,
  refresh_token_reused: 10,
  password_changed: 20,
};

/** Tells people what happened to their account, each time with a link to say *this was not me* (ASVS 6.3.5, 6.3.7). */
@Injectable()
export class SecurityMailsService {
  constructor(
    private readonly tokens: OneTimeTokensService,
    private readonly mails: MailOutbox,
  ) {}

  /**
   * Posts the mail in the transaction of what it tells, which holds the user's row; unless so many were posted of late
   * that one more would be a nuisance. Each of those has a link that still works.
   */
  async post(manager: EntityManager, kind: SecurityMailKind, user: User, device: Client): Promise<void> {
    const recent = await this.tokens.countRecent(manager, 'not_me', user.id, HOUR);
    if (recent >= MOST_IN_AN_HOUR[kind]) return;
    const contents = {
      name: user.name,
      token: await this.tokens.issue(manager, 'not_me', user.id),
      device: describeDeviceSafely(device.deviceName ?? null, device.userAgent),
      ipAddress: device.ipAddress,
      at: new Date().toISOString(),
    };
    await this.mails.post(manager, { kind, recipient: user.email, contents });
  }
}
