import type { Config } from '../../config/env.js';
import { ok, warning, type Finding } from '../../server/checks/finding.js';

const CHECK = 'links';
const TIMEOUT_MS = 5_000;

/** Opens the page behind the links in mails, as their recipients do. This machine may not reach it. */
export async function inspectLinks({ environment, mail, publicUrl }: Config): Promise<readonly Finding[]> {
  if (environment !== 'production' || mail.smtpUrl === null) return [];
  const url = `${publicUrl}/account/reset-password`;
  try {
    const { ok: isOk, status } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return [
      isOk
        ? ok(CHECK, `${url} responds`)
        : warning(CHECK, `${url} responds with ${status}. Start the application, or check PUBLIC_URL and the proxy.`),
    ];
  } catch (error) {
    const { cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : (error as Error).message;
    return [warning(CHECK, `${url} cannot be opened from here (${reason}). Check PUBLIC_URL and the proxy.`)];
  }
}
