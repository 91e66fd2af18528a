import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { UpkeepTask } from '../../platform/upkeep/upkeep-task.js';
import { ApiKeysRepository } from '../../sessions/api-keys.repository.js';
import { keyExpires } from './api-keys.mails.js';

const NOTICE_MS = 10 * 86_400_000;
const KEYS_PER_STEP = 50;

/** Queues one mail about each API key that expires within ten days. A key with a shorter lifetime gets none. */
@Injectable()
export class KeyExpiryTask extends UpkeepTask {
  readonly subject = 'key expiry mails';

  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly mails: MailOutbox,
  ) {
    super();
  }

  async *steps(): AsyncGenerator<number> {
    let count: number;
    do yield (count = await this.queueMails());
    while (count === KEYS_PER_STEP);
  }

  private queueMails(): Promise<number> {
    return this.database.transactionWithRetry(async (manager) => {
      const expiring = await this.keys.markExpiring(manager, NOTICE_MS, KEYS_PER_STEP);
      for (const { name, expiresAt, owner } of expiring) {
        await this.mails.post(manager, keyExpires, owner, { name, expiresAt: expiresAt.toISOString() });
      }
      return expiring.length;
    });
  }
}
