import { defineSecurityMail } from '../auth.mails.js';

export const factorAdded = defineSecurityMail('factor_added', ({ productName }) => ({
  subject: `A second factor was added to your account at ${productName}`,
  paragraphs: [`You can now use a new second factor to sign in to ${productName}.`],
}));

export const factorRenamed = defineSecurityMail('factor_renamed', ({ productName }) => ({
  subject: `A second factor of your account at ${productName} was renamed`,
  paragraphs: [`A second factor of your account at ${productName} has a new name.`],
}));

export const factorRemoved = defineSecurityMail('factor_removed', ({ productName }) => ({
  subject: `A second factor was removed from your account at ${productName}`,
  paragraphs: [`You can no longer sign in to ${productName} with this second factor.`],
}));

export const recoveryCodesReplaced = defineSecurityMail('recovery_codes_replaced', ({ productName }) => ({
  subject: `New recovery codes for your account at ${productName}`,
  paragraphs: ['Ten new recovery codes were created. The earlier ones no longer work.'],
}));

export const recoveryCodesLow = defineSecurityMail('recovery_codes_low', ({ productName }) => ({
  subject: `Three recovery codes left for your account at ${productName}`,
  paragraphs: [
    'Someone used a recovery code of your account. Three are left. Create new ones in your account, so that you can ' +
      'still sign in if you lose your second factor.',
  ],
}));

export const factorsReset = defineSecurityMail('factors_reset', ({ productName }) => ({
  subject: `The second factors of your account at ${productName} were removed`,
  paragraphs: [
    'An administrator removed all second factors and recovery codes of your account, and signed out all your devices. ' +
      'Sign in with your password, and add a second factor again.',
  ],
}));

export const secondFactorFailed = defineSecurityMail('second_factor_failed', ({ productName }) => ({
  subject: `Someone knows your password for ${productName}`,
  paragraphs: [
    `Someone entered the correct password of your account at ${productName}, and then a wrong code five times. They were ` +
      'not signed in.',
  ],
}));
