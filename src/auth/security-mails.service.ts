import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { describeDeviceSafely } from '../common/device-name.js';
import type { EntityManager } from '../platform/database/database.js';
import { MailOutbox } from '../platform/mail/mail-outbox.js';
import type { User } from '../users/user.entity.js';
import { SECURITY_KINDS, type SecurityMail } from './auth.mails.js';
import { OneTimeTokensRepository } from './one-time-tokens/one-time-tokens.repository.js';

/** The kinds that are not about a change of the account. */
const FREQUENT_KINDS: ReadonlySet<string> = new Set(['new_device', 'refresh_token_reused']);

/** The maximum numbers of these mails to one email within an interval. */
interface MailLimit {
  readonly intervalMs: number;
  /** All kinds together. */
  readonly max: number;
  /** Higher, so that sign-ins cannot suppress a mail about the password or a second factor. */
  readonly maxForChanges: number;
  /** For the mail with the link that restores the email. A thief must not suppress it. */
  readonly maxForEmail: number;
}

const VERIFIED: MailLimit = { intervalMs: 3_600_000, max: 10, maxForChanges: 20, maxForEmail: Infinity };
/** A stranger can register someone else's email and sign in on many devices. An owner may not have verified theirs. */
const UNVERIFIED: MailLimit = { intervalMs: 86_400_000, max: 3, maxForChanges: 6, maxForEmail: 6 };

/** Notifies users of security events. Each mail has a *this was not me* link (ASVS 6.3.5, 6.3.7). */
@Injectable()
export class SecurityMailsService {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly mails: MailOutbox,
  ) {}

  /**
   * Queues a mail in the transaction of the event, unless the email has reached its limit. Counts mails per email and not
   * per account, so that a stranger gains nothing by deleting the account and registering it again. The link of the mail
   * also restores the user's current email, if that changes. The caller must have locked the user's row.
   *
   * @param client `null` for an admin, whose device is not disclosed
   * @param about the changed item, such as the name of a second factor or API key
   */
  async queue(
    manager: EntityManager,
    mail: SecurityMail,
    user: User,
    client: Client | null,
    about?: string,
  ): Promise<void> {
    const limit = user.emailVerifiedAt ? VERIFIED : UNVERIFIED;
    const recent = await this.mails.countRecent(manager, SECURITY_KINDS, user, limit.intervalMs);
    if (recent >= maxOf(mail, limit)) return;
    const contents = {
      token: await this.tokens.issue(manager, 'not_me', user.id, user.email, user.emailVerifiedAt),
      device: client && describeDeviceSafely(client.deviceName ?? null, client.userAgent),
      ipAddress: client?.ipAddress ?? null,
      at: new Date().toISOString(),
      ...(about !== undefined && { about }),
    };
    await this.mails.post(manager, mail, user, contents);
  }
}

function maxOf({ kind }: SecurityMail, { max, maxForChanges, maxForEmail }: MailLimit): number {
  if (kind === 'email_changed') return maxForEmail;
  return FREQUENT_KINDS.has(kind) ? max : maxForChanges;
}
