import { defineMail } from '../../platform/mail/define-mail.js';
import { validity, type TokenContents } from '../auth.mails.js';

export const invite = defineMail('invitation', ({ productName, recovery }, { token }: TokenContents) => ({
  subject: `Your invitation to ${productName}`,
  paragraphs: [
    `You have an account at ${productName}. Choose a password, so that you can sign in. ${validity(recovery.invitationTtl)}`,
  ],
  action: {
    label: 'Choose a password',
    path: '/account/accept-invitation',
    token,
    validForMs: recovery.invitationTtl,
  },
  closing: `If you do not know ${productName}, you can ignore this mail.`,
}));
