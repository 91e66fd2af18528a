import type { Incident, MailContents, MailKind } from '../mail.js';
import type { MailText } from './mail-text.js';

/** What the texts need to know of the product. */
export interface Product {
  readonly name: string;
  /** How long a link works, in milliseconds. */
  readonly resetTtl: number;
  readonly verificationTtl: number;
}

const NOT_ME = { label: 'This was not me', page: 'not-me' } as const;
const NOT_ME_CLOSING =
  'If it was you, there is nothing to do. If not, the button ends every session of your account, wherever it is ' +
  'signed in, and lets you choose a new password.';

/** What each mail says. */
export const TEXTS: { [Kind in MailKind]: (product: Product, contents: MailContents[Kind]) => MailText } = {
  verify_email: ({ name, verificationTtl }) => ({
    subject: `Confirm your e-mail address for ${name}`,
    paragraphs: [`Please confirm that this e-mail address is yours. ${validity(verificationTtl)}`],
    action: { label: 'Confirm this address', page: 'verify-email' },
    closing: `If you have no account at ${name}, somebody mistyped an address. You can ignore this mail.`,
  }),
  reset_password: ({ name, resetTtl }) => ({
    subject: `Choose a new password for ${name}`,
    paragraphs: [
      `Somebody, hopefully you, asked for a new password for your account at ${name}. ${validity(resetTtl)}`,
    ],
    action: { label: 'Choose a new password', page: 'reset-password' },
    closing: 'If it was not you, you can ignore this mail: your password stays as it is.',
  }),
  new_device: ({ name }, incident) => ({
    subject: `New sign-in to ${name}`,
    paragraphs: [`Somebody signed in to your account at ${name} on a device that we have not seen before.`],
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
    subject: `We ended a session of your account at ${name}`,
    paragraphs: [
      'A key that keeps one of your sessions signed in was used a second time. That happens when somebody has copied ' +
        'it, and we cannot tell the copy from the original. So we ended that session; please sign in again there.',
    ],
    facts: factsOf(incident),
    action: NOT_ME,
    closing:
      'If you think that somebody else has been in your account, the button ends every session and lets you choose a new password.',
  }),
};

function factsOf({ device, ipAddress, at }: Incident): [string, string][] {
  return [
    ['Device', device],
    ...(ipAddress === null ? [] : [['Address', ipAddress] satisfies [string, string]]),
    ['Time', spokenTime(at)],
  ];
}

/** `2 March 2026, 14:05 UTC`. */
function spokenTime(at: string): string {
  const text = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${text.format(new Date(at)).replace(' at ', ', ')} UTC`;
}

function validity(lifetime: number): string {
  return `The link works once, for ${spokenDuration(lifetime)}.`;
}

function spokenDuration(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [amount, unit] =
    minutes % 1_440 === 0
      ? [minutes / 1_440, 'day']
      : minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'minute'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
