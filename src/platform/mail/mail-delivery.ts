import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Database, type EntityManager } from '../database/database.js';
import { DatabaseUnavailableError } from '../database/pg-errors.js';
import type { MailContents, MailKind } from './mail.js';
import { MailRepository, type ClaimedMail } from './mail.repository.js';
import { MailWriter } from './mail-writer.js';
import { backoff, GIVE_UP_AFTER } from './retry.js';
import { SealedBox } from './sealed-box.js';
import { MailRefusedError, type MailTransport } from './transports/mail-transport.js';

/** How long, in milliseconds, until an outcome that could not be noted is noted again. */
const NOTE_INTERVAL = 1_000;
const MAX_REASON_LENGTH = 500;

/** Sends one mail, and notes how it went. No connection of the database is held while it is sent. */
@Injectable()
export class MailDelivery {
  private readonly logger = new Logger(MailDelivery.name);

  constructor(
    private readonly database: Database,
    private readonly mails: MailRepository,
    private readonly box: SealedBox,
    private readonly writer: MailWriter,
  ) {}

  /**
   * Never fails.
   *
   * @param abort ends it before its time. The mail stays as it is then: its claim runs out, and another instance
   *   takes it
   */
  async deliver(mail: ClaimedMail, transport: MailTransport, abort: AbortSignal): Promise<void> {
    const contents = this.open(mail);
    try {
      if (!contents) throw new Error('None of the secrets of this instance opens it.');
      await transport.send(this.writer.write(mail.id, mail.createdAt, { ...mail, contents }), abort);
    } catch (error) {
      if (!abort.aborted) await this.noteFailure(mail, error, contents?.token ?? '', abort);
      return;
    }
    await this.note(abort, (manager) => this.mails.markSent(manager, mail.id));
  }

  private open({ sealed }: ClaimedMail): MailContents[MailKind] | null {
    const text = this.box.open(sealed);
    return text === null ? null : (JSON.parse(text) as MailContents[MailKind]);
  }

  private async noteFailure(mail: ClaimedMail, cause: unknown, token: string, abort: AbortSignal): Promise<void> {
    const { id: mailId, kind, attempts } = mail;
    const error = reasonOf(cause, token);
    const hopeless = cause instanceof MailRefusedError || Date.now() - mail.createdAt.getTime() > GIVE_UP_AFTER;
    if (hopeless) this.logger.error({ mailId, kind, attempts, reason: error }, 'A mail is given up');
    else this.logger.warn({ mailId, kind, attempts, reason: error }, 'A mail could not be sent yet');
    const failure = { error, wait: hopeless ? null : backoff(attempts) };
    await this.note(abort, (manager) => this.mails.markFailed(manager, mail, failure));
  }

  /**
   * Writes an outcome down; while the database is away, again and again. Nothing else is sent meanwhile, and a mail
   * that was taken is not sent a second time because nobody could say so.
   */
  private async note(abort: AbortSignal, write: (manager: EntityManager) => Promise<void>): Promise<void> {
    while (!abort.aborted) {
      try {
        await this.database.run(write);
        return;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) {
          this.logger.error({ err: error }, 'What became of a mail could not be noted');
          return;
        }
        await wait(NOTE_INTERVAL, undefined, { signal: abort }).catch(() => undefined);
      }
    }
  }
}

/**
 * Why a mail was not taken, for the table and the log. A server's answer may quote the address, and even the link; we
 * repeat neither.
 */
function reasonOf(error: unknown, token: string): string {
  const message = error instanceof Error ? error.message : 'Unknown';
  return message
    .replaceAll(token || '\n', '[token]')
    .replace(/[^\s<>]+@[^\s<>]+/g, '[address]')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_REASON_LENGTH);
}
