import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Database, type EntityManager } from '../database/database.js';
import { DatabaseUnavailableError } from '../database/pg-errors.js';
import type { OutgoingMail, QueuedContents } from './mail.js';
import { MailRepository, type ClaimedMail } from './mail.repository.js';
import { MailWriter } from './mail-writer.js';
import { SealedBox } from '../../common/sealed-box.js';
import { MailRejectedError, type MailTransport } from './transports/mail-transport.js';

const MIN_RETRY_DELAY_MS = 5_000;
const MAX_RETRY_DELAY_MS = 3_600_000;
/** Changes each delay at random by up to this part, so that mails that failed together are not retried together. */
const JITTER = 0.2;
/** RFC 5321 §4.5.4.1 asks for days. */
const GIVE_UP_AFTER_MS = 2 * 86_400_000;

/** How long to wait before storing an outcome again while the database is unavailable. */
const DATABASE_RETRY_DELAY_MS = 1_000;
const MAX_REASON_LENGTH = 500;

/** The mail waited until its link expired. No retry can help. */
class LinkExpiredError extends Error {
  override readonly message = 'The link expired before the mail was sent.';
}

/** Sends one mail and stores the outcome. Uses no database connection while it sends. */
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
   * Never rejects.
   *
   * @param signal cancels the delivery. The mail then stays claimed, and another instance sends it after the lease
   */
  async deliver(mail: ClaimedMail, transport: MailTransport, signal: AbortSignal): Promise<void> {
    let outgoing: OutgoingMail | undefined;
    try {
      outgoing = this.writer.write(mail, this.open(mail));
      if (outgoing.expiresAt && outgoing.expiresAt.getTime() <= Date.now()) throw new LinkExpiredError();
      await transport.send(outgoing, signal);
    } catch (error) {
      if (!signal.aborted) await this.storeFailure(mail, error, outgoing?.link ?? null, signal);
      return;
    }
    await this.store(signal, (manager) => this.mails.markSent(manager, mail.id));
  }

  private open({ sealed }: ClaimedMail): QueuedContents {
    const opened = this.box.open(sealed);
    if (opened === null) throw new Error('The contents were encrypted with a secret that is no longer configured.');
    return JSON.parse(opened.text) as QueuedContents;
  }

  private async storeFailure(
    mail: ClaimedMail,
    error: unknown,
    link: string | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { id: mailId, kind, attempts } = mail;
    const reason = reasonOf(error, link);
    const isFinal =
      error instanceof MailRejectedError ||
      error instanceof LinkExpiredError ||
      Date.now() - mail.createdAt.getTime() > GIVE_UP_AFTER_MS;
    if (isFinal) this.logger.error({ mailId, kind, attempts, reason }, 'Gave up sending a mail.');
    else this.logger.warn({ mailId, kind, attempts, reason }, 'Failed to send a mail. It will be retried.');
    const retryInMs = isFinal ? null : retryDelay(attempts);
    await this.store(signal, (manager) => this.mails.markFailed(manager, mail, { reason, retryInMs }));
  }

  /** Retries while the database is unavailable. Otherwise a mail that was sent would be sent again after its lease. */
  private async store(signal: AbortSignal, write: (manager: EntityManager) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.database.run(write);
        return;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) {
          this.logger.error({ err: error }, 'Failed to store the outcome of a mail delivery.');
          return;
        }
        await sleep(DATABASE_RETRY_DELAY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

/**
 * Returns the delay before the next attempt in milliseconds. It doubles with each attempt, from five seconds to an hour.
 *
 * @param attempts the number of attempts so far, at least 1
 * @param random from 0 to 1
 */
export function retryDelay(attempts: number, random = Math.random()): number {
  const delay = Math.min(MIN_RETRY_DELAY_MS * 2 ** (attempts - 1), MAX_RETRY_DELAY_MS);
  return Math.round(delay * (1 - JITTER + 2 * JITTER * random));
}

/** Returns an error message for the table and the log. Removes the email address and the token, which servers may quote. */
function reasonOf(error: unknown, link: string | null): string {
  const message = error instanceof Error ? error.message : 'Unknown';
  const token = link?.split('#token=')[1] ?? '';
  return message
    .replaceAll(token || '\n', '[token]')
    .replace(/[^\s<>]+@[^\s<>]+/g, '[email]')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_REASON_LENGTH);
}
