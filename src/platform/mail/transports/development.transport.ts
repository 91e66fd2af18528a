import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { OutgoingMail } from '../mail.js';
import { MailTransport, toMessage } from './mail-transport.js';

const FOLDER = join('.data', 'mail');

/** Sends nothing. Logs each mail with its link and writes it to `.data/mail/` as `.eml`, `.html` and `.txt`. */
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
    // Other users of this machine must not read the link.
    const write = (extension: string, content: string | Buffer) =>
      writeFile(`${file}.${extension}`, content, { mode: 0o600 });
    await Promise.all([write('eml', message as Buffer), write('html', mail.html), write('txt', mail.text)]);
    this.logger.log(
      `To ${mail.recipient}: ${mail.subject}\n${mail.link === null ? '' : `  ${mail.link}\n`}  ${file}.html`,
    );
  }

  close(): void {
    // There are no connections.
  }
}

/** Sorts by time. Replaces all characters of the email address that are unsafe in a file name. */
function fileName({ date, kind, recipient }: OutgoingMail): string {
  const time = date.toISOString().replace(/[-:]/g, '').replace('T', '-').replace('Z', '');
  return `${time}-${kind}-${recipient.slice(0, 100).replace(/[^\w.@+-]/g, '_')}`;
}
