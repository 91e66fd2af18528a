import { isIP } from 'node:net';
import { z } from 'zod';
import type { Values } from '../environment.js';
import { list } from '../parsers/text.parsers.js';

const WEB_ORIGIN = /^https?:\/\//;
/** The origin of an Android app: the SHA-256 fingerprint of its certificate. */
const ANDROID_ORIGIN = /^android:apk-key-hash:[\w-]{43}$/;
const LABEL = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/;

/** The domain that passkeys belong to. */
const rpId = z.string().refine(isDomain, 'must be a domain in lower case without scheme and port, such as example.com');

const passkeyOrigins = list.refine(
  (items) => items.every((item) => ANDROID_ORIGIN.test(item) || isSecureOrigin(item)),
  'must be a comma-separated list of origins that are https or http://localhost, without a slash at the end, such as ' +
    'https://app.example.com',
);

function isDomain(text: string): boolean {
  const labels = text.split('.');
  return text === 'localhost' || (labels.length > 1 && isIP(text) === 0 && labels.every((label) => LABEL.test(label)));
}

/** Browsers offer passkeys in secure contexts only. */
function isSecureOrigin(text: string): boolean {
  if (text.includes('*') || !URL.canParse(text)) return false;
  const { protocol, hostname, origin } = new URL(text);
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && isLocal(hostname)));
}

const isLocal = (host: string) => host === 'localhost' || host.endsWith('.localhost');

export const passkeyVariables = () => ({
  WEBAUTHN_RP_ID: rpId.optional(),
  WEBAUTHN_ORIGINS: passkeyOrigins,
});

type PasskeyValues = Values<typeof passkeyVariables> & {
  readonly PUBLIC_URL?: string | undefined;
  readonly PORT: number;
};

export const passkeySettings = (env: PasskeyValues) => {
  const publicUrl = new URL(env.PUBLIC_URL ?? `http://localhost:${env.PORT}`);
  return {
    passkeys: {
      /** The domain that passkeys belong to. */
      rpId: env.WEBAUTHN_RP_ID ?? publicUrl.hostname,
      /** The origins of the pages and apps that may use them. */
      origins: env.WEBAUTHN_ORIGINS.length > 0 ? env.WEBAUTHN_ORIGINS : [publicUrl.origin],
    },
  };
};

/**
 * Returns whether browsers accept the RP ID on these origins: each must be on its domain or below. Without the two
 * variables, both come from `PUBLIC_URL`, which can be an IP address if the application uses no passkeys.
 */
export function arePasskeysConsistent(env: PasskeyValues): boolean {
  if (env.WEBAUTHN_RP_ID === undefined && env.WEBAUTHN_ORIGINS.length === 0) return true;
  const { rpId, origins } = passkeySettings(env).passkeys;
  const hosts = origins.filter((origin) => WEB_ORIGIN.test(origin)).map((origin) => new URL(origin).hostname);
  return hosts.every((host) => host === rpId || host.endsWith(`.${rpId}`));
}
