import type { Incident, MailContents, MailKind } from '../mail.js';

/** The texts of a mail. `mail-layout.ts` renders them. */
export interface MailText {
  readonly subject: string;
  /** The text above the button. */
  readonly paragraphs: readonly string[];
  readonly facts?: readonly (readonly [label: string, value: string])[];
  /** The button, which links to a page below `PUBLIC_URL/account/`. */
  readonly action: { readonly label: string; readonly page: 'reset-password' | 'verify-email' | 'not-me' };
  /** The text below the button. */
  readonly closing: string;
}

/** The settings that mails mention. */
export interface Product {
  readonly name: string;
  readonly resetTtlMs: number;
  readonly verificationTtlMs: number;
}

const NOT_ME = { label: 'This was not me', page: 'not-me' } as const;
const NOT_ME_CLOSING =
  'If this was you, you do not need to do anything. If it was not you, use the button: it signs out all your devices ' +
  'and lets you choose a new password.';

/** The text of each kind of mail. */
export const TEXTS: { [Kind in MailKind]: (product: Product, contents: MailContents[Kind]) => MailText } = {
  verify_email: ({ name, verificationTtlMs }) => ({
    subject: `Verify your email address for ${name}`,
    paragraphs: [`Please verify that this is your email address. ${validity(verificationTtlMs)}`],
    action: { label: 'Verify email address', page: 'verify-email' },
    closing: `If you do not have an account at ${name}, someone entered your email address by mistake. You can ignore this mail.`,
  }),
  reset_password: ({ name, resetTtlMs }) => ({
    subject: `Reset your password for ${name}`,
    paragraphs: [`Someone asked to reset the password of your account at ${name}. ${validity(resetTtlMs)}`],
    action: { label: 'Choose a new password', page: 'reset-password' },
    closing: 'If you did not ask for this, you can ignore this mail. Your password stays the same.',
  }),
  new_device: ({ name }, incident) => ({
    subject: `New sign-in to ${name}`,
    paragraphs: [`Someone signed in to your account at ${name} on a new device.`],
    facts: factsOf(incident),
    action: NOT_ME,
    closing: NOT_ME_CLOSING,
  }),
  password_changed: ({ name }, incident) => ({
    subject: `Your password for ${name} was changed`,
    paragraphs: [`The password of your account at ${name} was changed.`],
    facts: factsOf(incident),
    action: NOT_ME,
    closing: NOT_ME_CLOSING,
  }),
  refresh_token_reused: ({ name }, incident) => ({
    subject: `You were signed out of ${name} on one device`,
    paragraphs: [
      'A token that keeps this device signed in was used twice. Someone may have copied it. We cannot tell which of the ' +
        'two is yours, so we signed out the device. Please sign in again.',
    ],
    facts: factsOf(incident),
    action: NOT_ME,
    closing:
      'If you think that someone else has used your account, use the button: it signs out all your devices and lets you choose a new password.',
  }),
};

function factsOf({ device, ipAddress, at }: Incident): [string, string][] {
  return [
    ['Device', device],
    ...(ipAddress === null ? [] : [['IP address', ipAddress] satisfies [string, string]]),
    ['Time', formatTime(at)],
  ];
}

/** For example `2 March 2026, 14:05 UTC`. */
function formatTime(at: string): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(new Date(at)).replace(' at ', ', ')} UTC`;
}

function validity(ttlMs: number): string {
  return `The link works once and expires after ${formatDuration(ttlMs)}.`;
}

/** For example `90 minutes`, `1 hour` or `2 days`. */
function formatDuration(durationMs: number): string {
  const minutes = Math.round(durationMs / 60_000);
  const [amount, unit] =
    minutes % 1_440 === 0
      ? [minutes / 1_440, 'day']
      : minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'minute'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
