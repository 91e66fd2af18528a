import { z } from 'zod';
import type { Values } from '../environment.js';
import { duration } from '../parsers/number.parsers.js';
import { line } from '../parsers/text.parsers.js';
import { url } from '../parsers/url.parser.js';

/** The base URL of the links in mails. */
const publicUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/[?#]/.test(text),
    'must be a URL such as https://app.example.com',
  )
  .transform((text) => text.replace(/\/+$/, ''));

/** A mail server, with the user and password if it needs them, in the URL form of Nodemailer. */
const smtpUrl = url(/^smtps?:\/\/[^/]/, 'smtps://user:password@mail.example.com:465');

/** The sender of mails: `user@host` or `Name <user@host>`. */
const sender = z
  .string()
  .default('Gatehouse <gatehouse@localhost>')
  .transform((text, context) => {
    const [, name = '', address = ''] =
      /^(?:([^<>@\p{Cc}]{0,200})<([^\s<>@]+@[^\s<>@]+)>)$/u.exec(text.includes('<') ? text : `<${text}>`) ?? [];
    if (address) return { name: name.trim(), address };
    context.addIssue('must be an email, or a name and an email such as Gatehouse <no-reply@example.com>');
    return z.NEVER;
  });

export const mailVariables = () => ({
  PRODUCT_NAME: line.default('Gatehouse'),
  PUBLIC_URL: publicUrl.optional(),
  SMTP_URL: smtpUrl.optional(),
  SMTP_TIMEOUT: duration('100ms', '5m', '30s'),
  MAIL_FROM: sender,
  MAIL_RETENTION: duration('0s', '3650d', '7d'),
});

export const mailSettings = (env: Values<typeof mailVariables> & { readonly PORT: number }) => ({
  /** Used in mails and pages. Passwords must not contain it. */
  productName: env.PRODUCT_NAME,
  /** The base URL of the links in mails, without a trailing slash. */
  publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
  mail: {
    /** If null, no mail is sent. Development logs the mails, and elsewhere they wait. */
    smtpUrl: env.SMTP_URL ?? null,
    smtpTimeout: env.SMTP_TIMEOUT,
    from: env.MAIL_FROM,
    /** The time until a mail is deleted after it was sent or has failed. */
    retention: env.MAIL_RETENTION,
  },
});
