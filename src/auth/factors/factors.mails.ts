import { defineSecurityMail, factsOf, NOT_ME, NOT_ME_CLOSING } from '../auth.mails.js';

export const factorAdded = defineSecurityMail('factor_added', ({ productName }, incident) => ({
  subject: `A second factor was added to your account at ${productName}`,
  paragraphs: [`You can now sign in to ${productName} with a further second factor.`],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const factorRenamed = defineSecurityMail('factor_renamed', ({ productName }, incident) => ({
  subject: `A second factor of your account at ${productName} was renamed`,
  paragraphs: [`A second factor of your account at ${productName} has a new name.`],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const factorRemoved = defineSecurityMail('factor_removed', ({ productName }, incident) => ({
  subject: `A second factor was removed from your account at ${productName}`,
  paragraphs: [`You can no longer sign in to ${productName} with this second factor.`],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const recoveryCodesReplaced = defineSecurityMail('recovery_codes_replaced', ({ productName }, incident) => ({
  subject: `New recovery codes for your account at ${productName}`,
  paragraphs: [`Ten new recovery codes were created. The earlier ones no longer work.`],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const recoveryCodesLow = defineSecurityMail('recovery_codes_low', ({ productName }, incident) => ({
  subject: `Three recovery codes left for your account at ${productName}`,
  paragraphs: [
    'Someone used a recovery code of your account. Three are left. Create new ones in your account, so that you can ' +
      'still sign in if you lose your second factor.',
  ],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const factorsReset = defineSecurityMail('factors_reset', ({ productName }, incident) => ({
  subject: `The second factors of your account at ${productName} were removed`,
  paragraphs: [
    'An administrator removed all second factors and recovery codes of your account, and signed out all your devices. ' +
      'Sign in with your password, and add a second factor again.',
  ],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));

export const secondFactorFailed = defineSecurityMail('second_factor_failed', ({ productName }, incident) => ({
  subject: `Someone knows your password for ${productName}`,
  paragraphs: [
    `Someone entered the correct password of your account at ${productName}, and then a wrong code five times. They are ` +
      'not signed in.',
  ],
  facts: factsOf(incident),
  action: { ...NOT_ME, token: incident.token },
  closing: NOT_ME_CLOSING,
}));
