import { defineMail } from '../../platform/mail/define-mail.js';
import { defineSecurityMail, validity, type TokenContents } from '../auth.mails.js';

const CLOSING =
  'If this was you, you do not need to do anything. If it was not you, open the link “This was not me” within seven ' +
  'days. It keeps or restores this email address, signs out all your devices and lets you choose a new password. If you ' +
  'have no account, ignore this mail.';

/** Goes to the new email. Contains nothing that the user chose, because the recipient may be a stranger. */
export const confirmEmailChange = defineMail(
  'confirm_email_change',
  ({ productName, recovery }, { token }: TokenContents) => ({
    subject: `Confirm your new email address for ${productName}`,
    paragraphs: [
      `Someone asked to use this email address for their account at ${productName}. ${validity(recovery.emailVerificationTtl)}`,
    ],
    action: {
      label: 'Use this email address',
      path: '/account/change-email',
      token,
      validForMs: recovery.emailVerificationTtl,
    },
    closing: `If this was not you, someone entered your email address by mistake. You can ignore this mail.`,
  }),
);

/** Goes to an email that an account already has. */
export const emailInUse = defineMail('email_in_use', ({ productName }) => ({
  subject: `Your email address at ${productName}`,
  paragraphs: [
    `Someone asked to use this email address for their account at ${productName}. An account already has it, or had it until a few days ago, so nothing was changed.`,
  ],
  closing:
    'If this was you, sign in with this email address instead, or change the email address of that account first. If it was not you, you can ignore this mail.',
}));

/** Goes to the current email. */
export const emailChangeRequested = defineSecurityMail('email_change_requested', ({ productName }) => ({
  subject: `Your email address for ${productName} will change`,
  paragraphs: [
    `Someone asked to change the email address of your account at ${productName}. It changes when they open the link in the mail to the new email address.`,
  ],
  closing: CLOSING,
}));

/** Goes to the earlier email. */
export const emailChanged = defineSecurityMail('email_changed', ({ productName }) => ({
  subject: `Your email address for ${productName} was changed`,
  paragraphs: [`Your account at ${productName} now has another email address. You no longer sign in with this one.`],
  closing: CLOSING,
}));

/**
 * Goes to the earlier email if an admin changed it while the account was inactive. Has no link, because a thief may
 * receive the mail.
 */
export const emailReplaced = defineMail('email_replaced', ({ productName }) => ({
  subject: `Your account at ${productName} has another email address`,
  paragraphs: [
    `An administrator gave your account at ${productName} another email address. You no longer sign in with this one.`,
  ],
  closing: 'If you did not expect this, contact the administrator.',
}));
