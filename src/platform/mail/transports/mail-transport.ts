import type { OutgoingMail } from '../outgoing-mail.js';

/** The way by which mails leave. */
export abstract class MailTransport {
  /**
   * Hands a mail over, and returns when the other side has taken it.
   *
   * @param signal aborts it
   * @throws MailRefusedError if no further attempt can change the answer; any other error if one may
   */
  abstract send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;

  /** Closes what is open. */
  abstract close(): void;
}

/** The recipient's side will not have this mail, today or tomorrow. */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError';
}
