import { createTransport, type Transporter } from 'nodemailer';
import type { OutgoingMail } from '../mail.js';
import { MailRejectedError, MailTransport, toMessage } from './mail-transport.js';

/** Shorter than the idle timeout of mail servers. */
const IDLE_TIMEOUT_MS = 10_000;

export interface SmtpOptions {
  readonly url: string;
  /** For one delivery, from the DNS query to the last response. */
  readonly timeoutMs: number;
  readonly maxConnections: number;
}

/** Sends mails to a mail server (SMTP, RFC 5321). */
export class SmtpTransport extends MailTransport {
  private readonly transporter: Transporter;
  private readonly timeoutMs: number;

  constructor({ url, timeoutMs, maxConnections }: SmtpOptions) {
    super();
    this.timeoutMs = timeoutMs;
    this.transporter = createTransport({
      pool: true,
      url,
      maxConnections,
      idleTimeout: IDLE_TIMEOUT_MS,
      // `MailDelivery` retries.
      maxRequeues: 0,
      dnsTimeout: timeoutMs,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
  }

  async send(mail: OutgoingMail, signal: AbortSignal): Promise<void> {
    // The other timeouts end only a silent connection. This one also ends a slow one.
    const timeout = AbortSignal.timeout(this.timeoutMs);
    try {
      await this.transporter.sendMail({ ...toMessage(mail), signal: AbortSignal.any([signal, timeout]) });
    } catch (error) {
      if (timeout.aborted) throw new Error(`The mail server took longer than ${this.timeoutMs} ms.`, { cause: error });
      if (isPermanent(error)) throw new MailRejectedError(error.message, { cause: error });
      throw error;
    }
  }

  /** Connects and signs in, without a mail. @throws Error if that fails */
  async verify(): Promise<void> {
    await this.transporter.verify();
  }

  close(): void {
    this.transporter.close({ force: true });
  }
}

/**
 * Returns whether the server rejected the recipient permanently (RFC 5321 §4.2.1). An operator may be able to fix all
 * other errors, and also rejections by policy (RFC 3463 §3.8), such as a relay that requires a password.
 */
function isPermanent(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { command, permanent, response = '' } = error as { command?: string; permanent?: boolean; response?: string };
  return command === 'RCPT TO' && permanent === true && !/^\d{3}[ -]5\.7\./.test(response);
}
