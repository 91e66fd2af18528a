import { Injectable } from '@nestjs/common';
import type { Device } from '../common/client.js';
import { describeDevice } from '../common/device-name.js';
import type { EntityManager } from '../database/database.js';
import { MailOutbox } from '../mail/mail-outbox.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import type { User } from '../users/user.entity.js';

/** What people are told of, because somebody else may have done it. */
export type SecurityMailKind = 'new_device' | 'password_changed' | 'refresh_token_reused';

/** Tells people what happened to their account, each time with a link to say *this was not me* (ASVS 6.3.5, 6.3.7). */
@Injectable()
export class SecurityMails {
  constructor(
    private readonly tokens: OneTimeTokens,
    private readonly mails: MailOutbox,
  ) {}

  /** Posts the mail in the transaction of what it tells. */
  async post(manager: EntityManager, kind: SecurityMailKind, user: User, device: Device): Promise<void> {
    const contents = {
      name: user.name,
      token: await this.tokens.issue(manager, 'not_me', user.id),
      device: describeDevice(device.deviceName ?? null, device.userAgent),
      ipAddress: device.ipAddress,
      at: new Date().toISOString(),
    };
    await this.mails.post(manager, { kind, recipient: user.email, contents });
  }
}
