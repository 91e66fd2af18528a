import { Injectable } from '@nestjs/common';
import { newId } from '../../common/id.js';
import { Database, type EntityManager } from '../database/database.js';
import type { MailKind, PostedMail } from './mail.js';
import { MailRepository } from './mail.repository.js';
import { MailWorker } from './mail-worker.js';
import { SealedBox } from './sealed-box.js';

/** Where mails are posted: a table, so that a mail is there exactly if what it tells of is. */
@Injectable()
export class MailOutbox {
  constructor(
    private readonly database: Database,
    private readonly mails: MailRepository,
    private readonly worker: MailWorker,
    private readonly box: SealedBox,
  ) {}

  /**
   * Posts a mail, in the transaction that it tells of. It is sent once that has committed, and nobody waits for it. For
   * nobody, the same work is done and nothing is sent: how long it takes must not tell who there is.
   */
  async post<Kind extends MailKind>(manager: EntityManager, mail: PostedMail<Kind>): Promise<void> {
    const { kind, recipient, contents } = mail;
    await this.mails.insert(manager, { id: newId(), kind, recipient, sealed: this.box.seal(JSON.stringify(contents)) });
    this.database.afterCommit(manager, () => this.worker.nudge());
  }
}
