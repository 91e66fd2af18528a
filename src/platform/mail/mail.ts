/** The recipient of a mail, such as a `User`. */
export interface Recipient {
  readonly email: string;
  /** For the greeting. */
  readonly name: string | null;
}

/** The contents of a queued mail, with the name of its recipient. */
export interface QueuedContents {
  /** Missing in mails that an older version queued. */
  readonly recipientName?: string | null;
}

/** A mail that is ready to send. */
export interface OutgoingMail {
  readonly id: string;
  readonly kind: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly recipient: string;
  /** When it was posted, so that all attempts send an identical mail. */
  readonly date: Date;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The link of the button, if there is one. */
  readonly link: string | null;
  /** When the link stops working, if it does. */
  readonly expiresAt: Date | null;
}
