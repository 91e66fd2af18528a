/** A sign-in or a change that the recipient may not have made. */
export interface Incident {
  /** A short name such as `Chrome on macOS`. */
  readonly device: string;
  readonly ipAddress: string | null;
  /** RFC 3339, in UTC. */
  readonly at: string;
}

interface Contents {
  /** The name of the recipient. */
  readonly name: string | null;
  /** The one-time token in the link. For mails with an `Incident`, the token of the link *This was not me*. */
  readonly token: string;
}

/** The contents of each kind of mail. */
export interface MailContents {
  readonly verify_email: Contents;
  readonly reset_password: Contents;
  readonly new_device: Contents & Incident;
  readonly password_changed: Contents & Incident;
  readonly refresh_token_reused: Contents & Incident;
}

export type MailKind = keyof MailContents;

/** A mail for the outbox. */
export interface PostedMail<Kind extends MailKind> {
  readonly kind: Kind;
  /** With `null`, `MailOutbox` does the same work but sends nothing. */
  readonly recipient: string | null;
  readonly contents: MailContents[Kind];
}

/** A mail that is ready to send. */
export interface OutgoingMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly from: { readonly name: string; readonly address: string };
  readonly recipient: string;
  /** When it was posted, so that all attempts send an identical mail. */
  readonly date: Date;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The link of the button. */
  readonly link: string;
}
