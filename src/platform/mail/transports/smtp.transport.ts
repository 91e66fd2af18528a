import { createTransport, type Transporter } from 'nodemailer';
import { toMessage, type OutgoingMail } from '../outgoing-mail.js';
import { MailRefusedError, MailTransport } from './mail-transport.js';

/** How long, in milliseconds, a connection is kept for the next mail. Servers end idle ones, some without a word. */
const IDLE = 10_000;

export interface SmtpOptions {
  readonly url: string;
  /** How long, in milliseconds, one delivery may take, from the search for the server to its last word. */
  readonly timeout: number;
  /** How many connections there are at most. */
  readonly connections: number;
}

/** Sends mails to a mail server (SMTP, RFC 5321). */
export class SmtpTransport extends MailTransport {
  private readonly transporter: Transporter;
  private readonly timeout: number;

  constructor({ url, timeout, connections }: SmtpOptions) {
    super();
    this.timeout = timeout;
    this.transporter = createTransport({
      pool: true,
      url,
      maxConnections: connections,
      idleTimeout: IDLE,
      // Whether a mail is tried again is the outbox's to say, which remembers.
      maxRequeues: 0,
      dnsTimeout: timeout,
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
    });
  }

  async send(mail: OutgoingMail, signal: AbortSignal): Promise<void> {
    // The other bounds are for silence. This one is for a server that keeps saying little.
    const tooLong = AbortSignal.timeout(this.timeout);
    try {
      await this.transporter.sendMail({ ...toMessage(mail), signal: AbortSignal.any([signal, tooLong]) });
    } catch (error) {
      if (tooLong.aborted) throw new Error(`The mail server took longer than ${this.timeout} ms.`, { cause: error });
      if (isHopeless(error)) throw new MailRefusedError(error.message, { cause: error });
      throw error;
    }
  }

  close(): void {
    this.transporter.close({ force: true });
  }
}

/**
 * Whether the server said of the recipient that it will never be (RFC 5321 §4.2.1). Every other refusal may be for
 * reasons that an operator can mend, and so may this one where it is for policy, such as a relay that asks for a
 * password (RFC 3463 §3.8).
 */
function isHopeless(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { command, permanent, response = '' } = error as { command?: string; permanent?: boolean; response?: string };
  return command === 'RCPT TO' && permanent === true && !/^\d{3}[ -]5\.7\./.test(response);
}
