import { Injectable } from '@nestjs/common';
import { newId } from '../../common/id.js';
import { Database, type EntityManager } from '../database/database.js';
import type { MailDefinition } from './define-mail.js';
import type { Recipient } from './mail.js';
import { MailRepository } from './mail.repository.js';
import { MailWorker } from './mail-worker.js';
import { SealedBox } from '../../common/sealed-box.js';

/** Queues mails in a table. A mail is sent if, and only if, the transaction that queued it commits. */
@Injectable()
export class MailOutbox {
  constructor(
    private readonly database: Database,
    private readonly mails: MailRepository,
    private readonly worker: MailWorker,
    private readonly box: SealedBox,
  ) {}

  /**
   * Queues a mail. It is sent after the commit, without delaying the caller. If the recipient is `null`, does the same work
   * and sends nothing, so that timing does not reveal whether an account exists.
   */
  async post<Contents>(
    manager: EntityManager,
    { kind }: MailDefinition<Contents>,
    recipient: Recipient | null,
    contents: Contents,
  ): Promise<void> {
    const sealed = this.box.seal(JSON.stringify({ ...contents, recipientName: recipient?.name ?? null }));
    await this.mails.insert(manager, { id: newId(), kind, recipient: recipient?.email ?? null, sealed });
    this.database.afterCommit(manager, () => this.worker.nudge());
  }

  /** Returns how many mails of these kinds were queued for a recipient within the last `intervalMs`. */
  countRecent(
    manager: EntityManager,
    kinds: ReadonlySet<string>,
    { email }: Recipient,
    intervalMs: number,
  ): Promise<number> {
    return this.mails.countRecent(manager, { recipient: email, kinds: [...kinds], intervalMs });
  }
}
