import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseDatabaseUrl, UnusableUrlError } from './database-url.js';
import { parseDuration } from './duration.js';
import { isOriginPattern } from './origin.js';
import { secretWeakness } from './secret-strength.js';
import { readPrivateKey, readPublicKeys, UnusableKeyError } from './pem-key.js';
import { ENCODE_CREDENTIALS, hasBrokenCredentials } from './url-credentials.js';

const MAX_WORKERS = 256;

export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true');

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
};

export const integer = (min: number, max: number, fallback: number) => wholeNumber(min, max).default(fallback);

/** `null` if it is not set. */
export const optionalInteger = (min: number, max: number) => wholeNumber(min, max).nullable().default(null);

/** The number of processes. `auto` is the number of processors. */
export const workers = z
  .string()
  .default('1')
  .transform((text, context) => {
    if (text === 'auto') return availableParallelism();
    if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_WORKERS) return Number(text);
    context.addIssue(`must be auto or a whole number from 1 to ${MAX_WORKERS}`);
    return z.NEVER;
  });

/** A duration, converted to milliseconds. With `orZero`, `0s` is valid too. */
export const duration = (min: string, max: string, fallback: string, { orZero = false } = {}) => {
  const [minMs, maxMs] = [milliseconds(min), milliseconds(max)];
  return z
    .string()
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value !== null) return value;
      context.addIssue('must be a duration with a unit, such as 500ms, 10s, 15m, 12h or 30d');
      return z.NEVER;
    })
    .refine(
      (value) => (value >= minMs && value <= maxMs) || (orZero && value === 0),
      `must be ${orZero ? '0s or ' : ''}from ${min} to ${max}`,
    )
    .default(milliseconds(fallback));
};

const MAX_WINDOW_SECONDS = 86_400;

/** Attempts per window of whole seconds, such as `10/15m`. */
export const quota = (fallback: string) => {
  return z
    .string()
    .transform((text, context) => {
      const [, points, time = ''] = /^([1-9]\d{0,8})\/(.+)$/.exec(text) ?? [];
      const window = (parseDuration(time) ?? 0) / 1_000;
      if (Number.isInteger(window) && window >= 1 && window <= MAX_WINDOW_SECONDS)
        return { points: Number(points), window };
      context.addIssue('must be attempts per window such as 10/15m, with a window of whole seconds from 1s to 1d');
      return z.NEVER;
    })
    .prefault(fallback);
};

function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === null) throw new Error(`${text} is not a duration.`);
  return value;
}

export const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((item) => item.trim() || []));

export const requireStrongSecret = (secret: string, context: z.RefinementCtx) => {
  const weakness = secretWeakness(secret);
  if (weakness) context.addIssue(weakness);
};

const keys = <T>(read: (value: string) => T) =>
  z.string().transform((value, context) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof UnusableKeyError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });

export const privateKey = keys(readPrivateKey);

export const publicKeys = keys(readPublicKeys).default([]);

const url = (protocol: RegExp, example: string) =>
  z.string().superRefine((text, context) => {
    if (!protocol.test(text)) return context.addIssue(`must be a URL such as ${example}`);
    if (hasBrokenCredentials(text)) return context.addIssue(ENCODE_CREDENTIALS);
    if (!URL.canParse(text)) context.addIssue(`must be a URL such as ${example}`);
  });

/** The servers of the database, and a connection string. */
export const databaseUrl = z.string().transform((text, context) => {
  if (hasBrokenCredentials(text)) {
    context.addIssue(ENCODE_CREDENTIALS);
    return z.NEVER;
  }
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    if (!(error instanceof UnusableUrlError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

export const redisUrl = url(/^rediss?:/, 'redis://user:password@host:6379/0');

export const httpUrl = url(/^https?:\/\/[^/]\S*$/, 'https://app.example.com/account/password');

export const securityContact = url(/^(https:\/\/|mailto:|tel:)\S+$/, 'mailto:security@example.com');

export const origins = list.refine(
  (items) => items.every(isOriginPattern),
  'must be a comma-separated list of origins, such as https://app.example.com or https://*.example.com',
);

/** The prefix of a path, such as `/api/v1`. */
export const pathPrefix = z
  .string()
  .regex(/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/, 'must be a path without a trailing slash, such as /api/v1')
  .default('');

/** The proxies whose `X-Forwarded-For` is trusted: none, a number of hops, or IP addresses and networks. */
export const trustProxy = z
  .string()
  .default('false')
  .transform((text, context): false | number | string[] => {
    if (text === 'false') return false;
    if (/^[1-9]$/.test(text)) return Number(text);
    const items = text.split(',').map((item) => item.trim());
    if (items.every(isProxyAddress)) return items;
    context.addIssue(
      'must be false, a number of hops from 1 to 9, or a list of IP addresses, networks, loopback, linklocal, uniquelocal',
    );
    return z.NEVER;
  });

function isProxyAddress(item: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(item)) return true;
  const [address = '', bits, ...rest] = item.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** The base URL of the links in mails. */
export const publicUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/[?#]/.test(text),
    'must be a URL such as https://app.example.com',
  )
  .transform((text) => text.replace(/\/+$/, ''));

/** A mail server, with the user and password if it needs them, in the URL form of Nodemailer. */
export const smtpUrl = url(/^smtps?:\/\/[^/]/, 'smtps://user:password@mail.example.com:465');

/** A single line, because it is part of a mail header. */
export const line = z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'must be one line of at most 200 characters');

/** The sender of mails: `user@host` or `Name <user@host>`. */
export const sender = z
  .string()
  .default('Gatehouse <gatehouse@localhost>')
  .transform((text, context) => {
    const [, name = '', address = ''] =
      /^(?:([^<>@\p{Cc}]{0,200})<([^\s<>@]+@[^\s<>@]+)>)$/u.exec(text.includes('<') ? text : `<${text}>`) ?? [];
    if (address) return { name: name.trim(), address };
    context.addIssue('must be an email, or a name and an email such as Gatehouse <no-reply@example.com>');
    return z.NEVER;
  });
