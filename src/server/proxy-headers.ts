import type { IncomingMessage, Server } from 'node:http';
import type { Logger } from 'pino';
import { plainAddress, type TrustProxy } from '../http/client.js';

/**
 * Warns once if a proxy forwards requests and `TRUST_PROXY` does not cover it. All clients would then share the rate
 * limits of the proxy. Stops watching after the first forwarded request, so that a client cannot fill the log and later
 * requests cost nothing.
 */
export function watchProxyHeaders(server: Server, trusts: TrustProxy, logger: Logger): void {
  const watch = (request: IncomingMessage): void => {
    const header = forwardingHeader(request);
    if (header === null) return;
    server.off('request', watch);
    const address = request.socket.remoteAddress ?? '';
    const peer = plainAddress(address) ?? 'the proxy';
    if (header !== 'X-Forwarded-For') {
      logger.warn(
        `${peer} forwards requests with ${header}, but only X-Forwarded-For is read. All its clients share one IP ` +
          `address and its rate limits. Make the proxy send X-Forwarded-For, and set TRUST_PROXY.`,
      );
    } else if (!trusts(address, 0)) {
      logger.warn(
        `${peer} sends X-Forwarded-For, but TRUST_PROXY does not trust it. If it is your proxy, all its clients share ` +
          `one IP address and its rate limits: set TRUST_PROXY=${peer}, its network, or the number of proxies. If it ` +
          `is a client, ignore this.`,
      );
    }
  };
  server.on('request', watch);
}

function forwardingHeader({ headers }: IncomingMessage): string | null {
  if (headers['x-forwarded-for'] !== undefined) return 'X-Forwarded-For';
  if (headers.forwarded !== undefined) return 'Forwarded';
  return headers['x-real-ip'] === undefined ? null : 'X-Real-IP';
}
