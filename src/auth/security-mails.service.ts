import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { describeDeviceSafely } from '../common/device-name.js';
import type { EntityManager } from '../platform/database/database.js';
import { MailOutbox } from '../platform/mail/mail-outbox.js';
import type { User } from '../users/user.entity.js';
import type { SecurityMail } from './auth.mails.js';
import { OneTimeTokensRepository } from './one-time-tokens/one-time-tokens.repository.js';

const HOUR_MS = 3_600_000;

/**
 * The maximum number of these mails per account and hour, all kinds together. A stranger can register someone else's
 * email and sign in on many devices.
 */
const MAX_PER_HOUR = 10;
/** Higher, so that sign-ins cannot suppress a mail about the password or a second factor. */
const MAX_CHANGES_PER_HOUR = 20;
/** The kinds that are not about a change of the account. */
const FREQUENT_KINDS: ReadonlySet<string> = new Set(['new_device', 'refresh_token_reused']);

/** Notifies users of security events. Each mail has a *this was not me* link (ASVS 6.3.5, 6.3.7). */
@Injectable()
export class SecurityMailsService {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly mails: MailOutbox,
  ) {}

  /**
   * Queues a mail in the transaction of the event, unless the account has reached the limit. The caller must have locked
   * the user's row.
   *
   * @param factor the second factor that the mail is about
   */
  async queue(manager: EntityManager, mail: SecurityMail, user: User, client: Client, factor?: string): Promise<void> {
    const recent = await this.tokens.countRecent(manager, 'not_me', user.id, HOUR_MS);
    if (recent >= (FREQUENT_KINDS.has(mail.kind) ? MAX_PER_HOUR : MAX_CHANGES_PER_HOUR)) return;
    const contents = {
      token: await this.tokens.issue(manager, 'not_me', user.id),
      device: describeDeviceSafely(client.deviceName ?? null, client.userAgent),
      ipAddress: client.ipAddress,
      at: new Date().toISOString(),
      ...(factor !== undefined && { factor }),
    };
    await this.mails.post(manager, mail, user, contents);
  }
}
