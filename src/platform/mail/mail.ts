/** What a mail needs to know of a sign-in or a change that its reader may not have made. */
export interface Incident {
  /** The session's device, as `Chrome on macOS`. */
  readonly device: string;
  readonly ipAddress: string | null;
  /** RFC 3339, UTC. */
  readonly at: string;
}

interface Greeting {
  /** What the reader is called. */
  readonly name: string | null;
}

/** A one-time token goes into the link of the mail. */
interface WithToken extends Greeting {
  readonly token: string;
}

/** Every mail that Gatehouse writes, and what goes into it. */
export interface MailContents {
  readonly verify_email: WithToken;
  readonly reset_password: WithToken;
  /** The token is that of the link *this was not me*, here and below. */
  readonly new_device: WithToken & Incident;
  readonly password_changed: WithToken & Incident;
  readonly refresh_token_reused: WithToken & Incident;
}

export type MailKind = keyof MailContents;

/** A mail as it is posted. */
export interface PostedMail<Kind extends MailKind> extends Omit<Mail<Kind>, 'recipient'> {
  /** Null for nobody. */
  readonly recipient: string | null;
}

/** A mail to be written and sent. */
export interface Mail<Kind extends MailKind = MailKind> {
  readonly kind: Kind;
  readonly recipient: string;
  readonly contents: MailContents[Kind];
}
