import type { SendMailOptions } from 'nodemailer';
import type { MailKind } from './mail.js';

/** A mail as it is written, and not yet sent. */
export interface OutgoingMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly from: { readonly name: string; readonly address: string };
  readonly recipient: string;
  /** When it was posted: each attempt sends the very same mail. */
  readonly date: Date;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Where its button leads. */
  readonly link: string;
}

/** The same, as nodemailer takes it. */
export function toMessage({ id, from, recipient, date, subject, text, html }: OutgoingMail): SendMailOptions {
  return {
    // Addresses as objects are taken as they are: in a text, a comma would begin another recipient.
    from: { ...from },
    to: { name: '', address: recipient },
    subject,
    text,
    html,
    date,
    // Stable, so that one that came twice is recognized (RFC 5322 §3.6.4).
    messageId: `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    // Nobody's out-of-office reply is wanted (RFC 3834 §5).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
