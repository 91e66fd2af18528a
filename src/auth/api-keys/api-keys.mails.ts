import { isPlainName } from '../../common/device-name.js';
import { defineMail } from '../../platform/mail/define-mail.js';
import { defineSecurityMail, factsOf, formatTime } from '../auth.mails.js';

/** `about` is the name of the key. */
export const keyCreated = defineSecurityMail('key_created', ({ productName }, incident) => ({
  subject: `New API key for ${productName}`,
  paragraphs: [`An API key was created for your account at ${productName}. Programs can use it to act as you.`],
  facts: factsOf({ ...incident, about: plainName(incident.about ?? '') }, 'API key'),
}));

export const keyExpires = defineMail(
  'key_expires',
  ({ productName }, { name, expiresAt }: { readonly name: string; readonly expiresAt: string }) => ({
    subject: `An API key for ${productName} expires soon`,
    paragraphs: [
      `One of your API keys at ${productName} expires soon. Programs that use it then lose their access. Before that, ` +
        'create a new key and use it instead. If you no longer need the key, you do not need to do anything.',
    ],
    facts: [
      ['API key', plainName(name) ?? 'see the list of your keys'],
      ['Expires', formatTime(expiresAt)],
    ],
  }),
);

/** Returns `null` for a name that may contain a message, because a stranger can register someone else's email. */
function plainName(name: string): string | null {
  return isPlainName(name) ? name : null;
}
