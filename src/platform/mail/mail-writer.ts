import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { MailContents, MailKind, OutgoingMail } from './mail.js';
import type { ClaimedMail } from './mail.repository.js';
import { renderHtml, renderText } from './templates/mail-layout.js';
import { TEXTS, type Product } from './templates/mail-texts.js';

/** Letters, and the punctuation of names. A dot must end a word. */
const NAME = /^(?:[\p{L}\p{M}'’ -]|\.(?= |$)){1,40}$/u;

/** Writes mails as text and as HTML. */
@Injectable()
export class MailWriter {
  private readonly product: Product;
  private readonly from: OutgoingMail['from'];
  private readonly publicUrl: string;

  constructor(@InjectConfig() { productName, publicUrl, recovery, mail }: Config) {
    this.product = {
      name: productName,
      resetTtlMs: recovery.passwordResetTtl,
      verificationTtlMs: recovery.emailVerificationTtl,
    };
    this.from = mail.from;
    this.publicUrl = publicUrl;
  }

  /** Returns an identical mail for each attempt. */
  write<Kind extends MailKind>(
    { id, kind, recipient, createdAt }: Pick<ClaimedMail, 'id' | 'recipient' | 'createdAt'> & { readonly kind: Kind },
    contents: MailContents[Kind],
  ): OutgoingMail {
    const text = TEXTS[kind](this.product, contents);
    // Browsers do not send the fragment to servers, so the token reaches no log and no Referer header.
    const link = `${this.publicUrl}/account/${text.action.page}#token=${encodeURIComponent(contents.token)}`;
    const parts = { ...text, name: displayName(contents.name), link, productName: this.product.name };
    return {
      id,
      kind,
      from: this.from,
      recipient,
      date: createdAt,
      link,
      subject: text.subject,
      text: renderText(parts),
      html: renderHtml(parts),
    };
  }
}

/**
 * Returns the name if it looks like one, otherwise `null`. Anyone can register someone else's email, and could use the name
 * to send them a link. Mail programs turn anything with a dot into one.
 */
function displayName(name: string | null): string | null {
  const trimmed = name?.trim() ?? '';
  return NAME.test(trimmed) ? trimmed : null;
}
