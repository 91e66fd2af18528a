import type { SendMailOptions } from 'nodemailer';
import type { OutgoingMail } from '../mail.js';

/** Sends mails. */
export abstract class MailTransport {
  /**
   * Returns when the recipient's side has accepted the mail.
   *
   * @throws MailRejectedError if no retry can succeed, any other error if one may
   */
  abstract send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;

  /** Closes all connections. */
  abstract close(): void;
}

/** The mail server rejected the recipient permanently. */
export class MailRejectedError extends Error {
  override readonly name = 'MailRejectedError';
}

/** Converts a mail for nodemailer. */
export function toMessage({ id, from, recipient, date, subject, text, html }: OutgoingMail): SendMailOptions {
  return {
    // Objects, because a comma in a string would start another recipient.
    from: { ...from },
    to: { name: '', address: recipient },
    subject,
    text,
    html,
    date,
    // Identical for all attempts, so that mail programs recognize duplicates (RFC 5322 §3.6.4).
    messageId: `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    // Prevents automatic replies (RFC 3834 §5).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
