import { NOT_ME_TTL_MS } from './one-time-tokens/one-time-token.entity.js';
import { defineMail, type MailDefinition } from '../platform/mail/define-mail.js';

/** A one-time token for the link of the mail. */
export interface TokenContents {
  readonly token: string;
}

/** A sign-in or a change that the recipient may not have made. The token belongs to the link *This was not me*. */
export interface IncidentContents extends TokenContents {
  /** A short name such as `Chrome on macOS`, or `null` if an administrator made the change. */
  readonly device: string | null;
  readonly ipAddress: string | null;
  /** RFC 3339, in UTC. */
  readonly at: string;
  /** The changed item, such as `authenticator app` or the name of an API key. */
  readonly about?: string | null;
}

/** A mail about a sign-in or a change, with the link *This was not me*. */
export type SecurityMail = MailDefinition<IncidentContents>;

/** The kinds of all security mails. */
export const SECURITY_KINDS = new Set<string>();

/**
 * Defines a kind of security mail. Adds the facts of the incident and the link *This was not me*. The mail counts for the
 * limit of `SecurityMailsService`.
 */
export function defineSecurityMail(...[kind, write]: Parameters<typeof defineMail<IncidentContents>>): SecurityMail {
  SECURITY_KINDS.add(kind);
  return defineMail<IncidentContents>(kind, (config, incident) => ({
    facts: factsOf(incident),
    action: { ...NOT_ME, token: incident.token },
    closing: NOT_ME_CLOSING,
    ...write(config, incident),
  }));
}

const NOT_ME = { label: 'This was not me', path: '/account/not-me', validForMs: NOT_ME_TTL_MS } as const;
// The plain text has no button, so both name the link.
const NOT_ME_CLOSING =
  'If this was you, you do not need to do anything. If it was not you, open the link “This was not me”. It signs out all ' +
  'your devices, revokes all API keys and lets you choose a new password.';

export const verifyEmail = defineMail('verify_email', ({ productName, recovery }, { token }: TokenContents) => ({
  subject: `Verify your email address for ${productName}`,
  paragraphs: [`Please verify that this is your email address. ${validity(recovery.emailVerificationTtl)}`],
  action: {
    label: 'Verify email address',
    path: '/account/verify-email',
    token,
    validForMs: recovery.emailVerificationTtl,
  },
  closing: `If you do not have an account at ${productName}, someone entered your email address by mistake. You can ignore this mail.`,
}));

export const resetPassword = defineMail('reset_password', ({ productName, recovery }, { token }: TokenContents) => ({
  subject: `Reset your password for ${productName}`,
  paragraphs: [
    `Someone asked to reset the password of your account at ${productName}. ${validity(recovery.passwordResetTtl)}`,
  ],
  action: {
    label: 'Choose a new password',
    path: '/account/reset-password',
    token,
    validForMs: recovery.passwordResetTtl,
  },
  closing: 'If you did not ask for this, you can ignore this mail. Your password stays the same.',
}));

/** Goes to the email that an account had until its owner undid the change. */
export const emailRestored = defineMail('email_restored', ({ productName }) => ({
  subject: `Your account at ${productName} has its earlier email address again`,
  paragraphs: [
    'Someone opened the link “This was not me” in a mail to the earlier email address of your account. The account ' +
      'now has that email address again, and all devices were signed out.',
  ],
}));

export const newDevice = defineSecurityMail('new_device', ({ productName }) => ({
  subject: `New sign-in to ${productName}`,
  paragraphs: [`Someone signed in to your account at ${productName} on a new device.`],
}));

export const passwordChanged = defineSecurityMail('password_changed', ({ productName }) => ({
  subject: `Your password for ${productName} was changed`,
  paragraphs: [`The password of your account at ${productName} was changed.`],
}));

export const refreshTokenReused = defineSecurityMail('refresh_token_reused', ({ productName }) => ({
  subject: `You were signed out of ${productName} on one device`,
  paragraphs: [
    'A token that keeps this device signed in was used twice. Someone may have copied it. We cannot tell which of the ' +
      'two is yours, so we signed out the device. Please sign in again.',
  ],
  closing:
    'If you think that someone else has used your account, open the link “This was not me”. It signs out all your ' +
    'devices and lets you choose a new password.',
}));

/**
 * Returns the facts of an incident.
 *
 * @param label of the changed item
 */
export function factsOf(
  { device, ipAddress, at, about }: IncidentContents,
  label = 'Second factor',
): [string, string][] {
  return [
    ...(about ? [[label, about] satisfies [string, string]] : []),
    device === null ? ['Changed by', 'an administrator'] : ['Device', device],
    ...(ipAddress === null ? [] : [['IP address', ipAddress] satisfies [string, string]]),
    ['Time', formatTime(at)],
  ];
}

/** Formats a time, such as `2 March 2026, 14:05 UTC`. */
export function formatTime(at: string): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(new Date(at)).replace(' at ', ', ')} UTC`;
}

/** Returns the sentence about the lifetime of a link. */
export function validity(ttlMs: number): string {
  return `The link works once and expires after ${formatDuration(ttlMs)}.`;
}

/** Formats a duration, such as `90 minutes`, `1 hour` or `2 days`. */
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
