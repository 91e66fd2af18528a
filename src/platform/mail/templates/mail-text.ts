/** Which of the pages below `PUBLIC_URL/account/` the button of a mail leads to. */
export type AccountPage = 'reset-password' | 'verify-email' | 'not-me';

/** What a mail says, before it has a form. */
export interface MailText {
  readonly subject: string;
  /** Before the button. */
  readonly paragraphs: readonly string[];
  /** Facts that the reader may compare, such as `Device` and `Chrome on macOS`. */
  readonly facts?: readonly (readonly [label: string, value: string])[];
  readonly action: { readonly label: string; readonly page: AccountPage };
  /** After the button. */
  readonly closing: string;
}
