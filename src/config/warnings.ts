import type { Config } from './env.js';

const LOOPBACK = /^(?:localhost|.+\.localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])$/;

/** Returns whether a host name or an IP address, as in a URL, is this machine. */
export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname);

/** Returns warnings about valid settings that may be mistakes. */
export function configurationWarnings(config: Config): string[] {
  return [
    ...secretWarnings(config),
    ...mailWarnings(config),
    ...passkeyWarnings(config),
    ...workerWarnings(config),
    ...connectionWarnings(config),
  ];
}

function secretWarnings({ accessToken }: Config): string[] {
  return accessToken.usesDevelopmentSecret
    ? ['JWT_SECRET is not set. Tokens are signed with a public secret, which production does not accept.']
    : [];
}

function mailWarnings({ environment, mail, publicUrl }: Config): string[] {
  if (environment !== 'production') return [];
  if (mail.smtpUrl === null) return ['SMTP_URL is not set. Mails are stored and not sent until you set it.'];
  const { protocol, hostname } = new URL(publicUrl);
  const isLocal = isLoopback(hostname);
  return [
    ...(isLocal ? [`PUBLIC_URL leads to ${hostname}. The links in mails work only on this machine.`] : []),
    ...(protocol === 'http:' && !isLocal
      ? ['PUBLIC_URL is an http URL. The pages behind the links in mails take passwords. Use https.']
      : []),
    ...(mail.from.address.endsWith('@localhost')
      ? ['MAIL_FROM is not set. Mail servers reject the sender gatehouse@localhost.']
      : []),
  ];
}

function passkeyWarnings({ environment, mail, passkeys }: Config): string[] {
  // With SMTP_URL, `mailWarnings` reports a PUBLIC_URL that leads to this machine.
  if (environment !== 'production' || mail.smtpUrl !== null || !isLoopback(passkeys.rpId)) return [];
  return [`Passkeys work only on ${passkeys.rpId}. Set PUBLIC_URL, or WEBAUTHN_RP_ID and WEBAUTHN_ORIGINS.`];
}

function workerWarnings({ workers, database }: Config): string[] {
  return workers > database.poolMax
    ? [`DB_POOL_MAX is ${database.poolMax}, but each of the ${workers} workers uses a connection.`]
    : [];
}

function connectionWarnings({ worker, http }: Config): string[] {
  const { maxConnections: total, maxConnectionsPerClient: perClient } = http;
  // The shares of a worker are rounded. The process that starts the workers warns.
  return worker === null && perClient > 1 && 4 * perClient > total
    ? [
        `MAX_CONNECTIONS_PER_CLIENT is ${perClient}, more than a quarter of MAX_CONNECTIONS (${total}). A few clients can ` +
          'use all connections.',
      ]
    : [];
}
