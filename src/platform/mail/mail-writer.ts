import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { mailDefinition, type MailAction } from './define-mail.js';
import type { OutgoingMail, QueuedContents } from './mail.js';
import type { ClaimedMail } from './mail.repository.js';
import { renderHtml, renderText } from './mail-layout.js';

/** Letters, and the punctuation of names. A dot must end a word. */
const NAME = /^(?:[\p{L}\p{M}'’ -]|\.(?= |$)){1,40}$/u;

/** Writes mails as text and as HTML. */
@Injectable()
export class MailWriter {
  constructor(@InjectConfig() private readonly config: Config) {}

  /** Returns an identical mail for each attempt. @throws Error if no module defines this kind */
  write(
    { id, kind, recipient, createdAt }: Pick<ClaimedMail, 'id' | 'kind' | 'recipient' | 'createdAt'>,
    contents: QueuedContents,
  ): OutgoingMail {
    // `MailOutbox` queues only contents of the type that the definition requires.
    const text = mailDefinition(kind).write(this.config, contents as never);
    const button = text.action ? { label: text.action.label, link: this.linkTo(text.action) } : null;
    const parts = { ...text, name: displayName(contents.recipientName), button, productName: this.config.productName };
    return {
      id,
      kind,
      from: this.config.mail.from,
      recipient,
      date: createdAt,
      link: button?.link ?? null,
      expiresAt: expiryOf(text.action, createdAt),
      subject: text.subject,
      text: renderText(parts),
      html: renderHtml(parts),
    };
  }

  private linkTo({ path, token }: MailAction): string {
    const url = `${this.config.publicUrl}${path}`;
    return token === undefined ? url : `${url}#token=${encodeURIComponent(token)}`;
  }
}

function expiryOf(action: MailAction | undefined, queuedAt: Date): Date | null {
  return action?.validForMs === undefined ? null : new Date(queuedAt.getTime() + action.validForMs);
}

/**
 * Returns the name if it looks like one, otherwise `null`. Anyone can register someone else's email, and could use the
 * name to send them a link. Mail programs turn anything with a dot into one.
 */
function displayName(name: string | null | undefined): string | null {
  const trimmed = name?.trim() ?? '';
  return NAME.test(trimmed) ? trimmed : null;
}
