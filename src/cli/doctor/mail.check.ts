import type { Config } from '../../config/env.js';
import { isLoopback } from '../../config/warnings.js';
import { SmtpTransport } from '../../platform/mail/transports/smtp.transport.js';
import { CERTIFICATE_ADVICE, isCertificateError } from './certificates.js';
import { ok, problem, sentence, warnIf, type Finding } from '../../server/checks/finding.js';

const MAX_TIMEOUT_MS = 10_000;
const CHECK = 'mail';

/** Connects to the mail server and signs in. Sends no mail. */
export async function inspectMailServer({ mail, environment }: Config): Promise<readonly Finding[]> {
  const { smtpUrl, smtpTimeout } = mail;
  if (smtpUrl === null) return [];
  const { protocol, hostname, searchParams } = new URL(smtpUrl);
  const timeoutMs = Math.min(smtpTimeout, MAX_TIMEOUT_MS);
  const transport = new SmtpTransport({ url: smtpUrl, timeoutMs, maxConnections: 1 });
  const mayBeStripped = protocol === 'smtp:' && searchParams.get('requireTLS') !== 'true';
  const unencrypted = warnIf(
    environment === 'production' && mayBeStripped && !isLoopback(hostname),
    CHECK,
    'An attacker can turn off TLS. Use smtps://, or add ?requireTLS=true to SMTP_URL.',
  );
  try {
    await transport.verify();
    return [
      ok(CHECK, `${hostname} accepts connections${new URL(smtpUrl).username ? ' and the password' : ''}`),
      ...unencrypted,
    ];
  } catch (error) {
    return [problem(CHECK, `${sentence((error as Error).message)} ${adviceFor(error)}`), ...unencrypted];
  } finally {
    transport.close();
  }
}

/** Returns what to do about an error of nodemailer, by its code. */
function adviceFor(error: unknown): string {
  if (isCertificateError(error)) return CERTIFICATE_ADVICE;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EAUTH') return 'Check the user and the password in SMTP_URL.';
  if (code === 'ETLS' || code === 'ESOCKET') {
    return 'Check the host and the port in SMTP_URL. Port 465 needs smtps://, and 587 needs smtp:// with requireTLS=true.';
  }
  return 'Check the host and the port in SMTP_URL, and that the firewall allows the connection.';
}
