import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Mail, MailContents, MailKind } from './mail.js';
import type { OutgoingMail } from './outgoing-mail.js';
import { renderHtml, renderText } from './templates/mail-layout.js';
import type { MailText } from './templates/mail-text.js';
import { TEXTS, type Product } from './templates/mail-texts.js';

/** A name as people have them: letters, and what stands between them. A dot stands at the end of a word only. */
const NAME = /^(?:[\p{L}\p{M}'’ -]|\.(?= |$)){1,40}$/u;

/** Writes mails: what they say, as text and as HTML, and where their link leads. */
@Injectable()
export class MailWriter {
  private readonly product: Product;
  private readonly from: OutgoingMail['from'];
  private readonly publicUrl: string;

  constructor(@InjectConfig() { productName, publicUrl, recovery, mail }: Config) {
    this.product = {
      name: productName,
      resetTtl: recovery.passwordResetTtl,
      verificationTtl: recovery.emailVerificationTtl,
    };
    this.from = mail.from;
    this.publicUrl = publicUrl;
  }

  /** @param date when it was posted: each attempt writes the very same mail */
  write(id: string, date: Date, { kind, recipient, contents }: Mail): OutgoingMail {
    const text = this.textOf(kind, contents);
    // In the fragment, the token reaches no server's log and no Referer header.
    const link = `${this.publicUrl}/account/${text.action.page}#token=${encodeURIComponent(contents.token)}`;
    const parts = { ...text, name: nameOf(contents), link, productName: this.product.name };
    return {
      id,
      kind,
      from: this.from,
      recipient,
      date,
      link,
      subject: text.subject,
      text: renderText(parts),
      html: renderHtml(parts),
    };
  }

  private textOf<Kind extends MailKind>(kind: Kind, contents: MailContents[Kind]): MailText {
    return TEXTS[kind](this.product, contents);
  }
}

/**
 * What the reader is called; null where that is no name. Anyone can register a stranger's address, and would have us
 * mail them what he likes: a link, most of all, which mail programs make of anything with a dot in it.
 */
function nameOf({ name }: MailContents[MailKind]): string | null {
  const trimmed = name?.trim() ?? '';
  return NAME.test(trimmed) ? trimmed : null;
}
