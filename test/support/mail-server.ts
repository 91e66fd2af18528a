import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { until } from './until.js';

/** A received mail, parsed. */
export interface ArrivedMail {
  readonly messageId: string;
  /** The recipient of the envelope. */
  readonly recipient: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The link of its button, and the token in that link. */
  readonly link: string;
  readonly token: string;
  /** Headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
}

/**
 * How the server treats a mail that it has read: `take` stores and acknowledges it, `keep` stores it but does not
 * respond, `hang` does not respond, and `drop` closes the connection. Anything else is an error response.
 */
export type Treatment = 'take' | 'keep' | 'hang' | 'drop' | `${4 | 5}${number} ${string}`;

export const DEFER = '451 4.3.0 Try again later';

const LINK = /https?:\/\/\S+#token=([\w-]+)/;

/** Runs a mail server that stores received mails and simulates failures. */
export class MailServer {
  /** The stored mails in the order of arrival. */
  readonly mails: ArrivedMail[] = [];
  /** The number of deliveries, including failed ones. */
  attempts = 0;
  /** Decides what to do with a mail. `attempt` counts all deliveries from 1. */
  treat: (mail: ArrivedMail, attempt: number) => Treatment = () => 'take';
  /** Returns an error response to reject a recipient, such as `550 5.1.1 No such user`. */
  rejection: ((recipient: string) => string | undefined) | undefined;
  /** Delays every response to a mail until this resolves. */
  delay: Promise<void> = Promise.resolve();
  /** Whether the server accepts connections without a greeting. */
  isSilent = false;

  private readonly sockets = new Set<Socket>();
  private readonly read = new Set<ArrivedMail>();

  private constructor(
    private readonly server: SMTPServer,
    /** For `SMTP_URL`. */
    readonly url: string,
  ) {
    server.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(): Promise<MailServer> {
    const server: SMTPServer = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      onConnect: (_session, callback) => {
        if (!mailServer.isSilent) callback();
      },
      onRcptTo: ({ address }, _session, callback) => {
        const rejection = mailServer.rejection?.(address);
        if (rejection === undefined) callback();
        else callback(smtpError(rejection));
      },
      onData: (stream, { envelope }, callback) => {
        const recipient = envelope.rcptTo.map(({ address }) => address).join(',');
        buffer(stream)
          .then((raw) => mailServer.receive(raw, recipient, callback))
          .catch((error: unknown) => callback(error as Error));
      },
    });
    // Tests drop connections on purpose.
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const { port } = server.server.address() as AddressInfo;
    const mailServer = new MailServer(server, `smtp://127.0.0.1:${port}`);
    return mailServer;
  }

  /** Waits for the next mail to a recipient that no earlier call returned. */
  async next(recipient: string): Promise<ArrivedMail> {
    let mail: ArrivedMail | undefined;
    await until(`a mail to ${recipient} arrives`, () => {
      mail = this.mails.find((candidate) => candidate.recipient === recipient && !this.read.has(candidate));
      return mail !== undefined;
    });
    if (!mail) throw new Error('The mail has disappeared.');
    this.read.add(mail);
    return mail;
  }

  /** Returns all stored mails to a recipient. */
  to(recipient: string): ArrivedMail[] {
    return this.mails.filter((mail) => mail.recipient === recipient);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(resolve));
    this.hangUp();
    await closed;
  }

  /** Drops all connections. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async receive(raw: Buffer, recipient: string, callback: (error?: Error) => void): Promise<void> {
    const mail = await parse(raw, recipient);
    const treatment = this.treat(mail, ++this.attempts);
    await this.delay;
    if (treatment === 'drop') this.hangUp();
    else if (treatment === 'keep') this.mails.push(mail);
    else if (treatment === 'take') {
      this.mails.push(mail);
      callback();
    } else if (treatment !== 'hang') callback(smtpError(treatment));
  }
}

function smtpError(answer: string): Error {
  return Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) });
}

async function parse(raw: Buffer, recipient: string): Promise<ArrivedMail> {
  const mail = await PostalMime.parse(raw);
  const [link = '', token = ''] = LINK.exec(mail.text ?? '') ?? [];
  return {
    messageId: mail.messageId ?? '',
    recipient,
    from: mail.from?.address ?? '',
    to: mail.to?.map(({ address }) => address).join(',') ?? '',
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    link,
    token,
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    raw: raw.toString(),
  };
}
