import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { toMessage, type OutgoingMail } from '../outgoing-mail.js';
import { MailTransport } from './mail-transport.js';

/** Beside the embedded database, in the working directory. */
const FOLDER = join('.data', 'mail');

/**
 * Sends nothing: shows a developer what would be sent. Each mail is a line of the log with its link, and three files
 * under `.data/mail/`: the message as a mail program opens it, and what it says as a page and as text.
 */
export class DevelopmentTransport extends MailTransport {
  private readonly logger = new Logger('Mail');
  private readonly composer = createTransport({ streamTransport: true, buffer: true });

  constructor(private readonly folder = FOLDER) {
    super();
  }

  async send(mail: OutgoingMail): Promise<void> {
    const { message } = await this.composer.sendMail(toMessage(mail));
    const file = join(this.folder, fileName(mail));
    await mkdir(this.folder, { recursive: true });
    // Its link opens an account: no other user of this machine reads it.
    const write = (extension: string, content: string | Buffer) =>
      writeFile(`${file}.${extension}`, content, { mode: 0o600 });
    await Promise.all([write('eml', message as Buffer), write('html', mail.html), write('txt', mail.text)]);
    this.logger.log(`To ${mail.recipient}: ${mail.subject}\n  ${mail.link}\n  ${file}.html`);
  }

  close(): void {
    // Nothing is open.
  }
}

/** Newest last, and no name that a recipient could choose. */
function fileName({ date, kind, recipient }: OutgoingMail): string {
  const time = date.toISOString().replace(/[-:]/g, '').replace('T', '-').replace('Z', '');
  return `${time}-${kind}-${recipient.slice(0, 100).replace(/[^\w.@+-]/g, '_')}`;
}
