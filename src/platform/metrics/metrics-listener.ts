import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListenError } from '../../common/listen-error.js';
import { withoutQuery } from '../../common/without-query.js';

/** Longer than a scrape takes. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Serves `GET /metrics` on a port of its own, because metrics are not for the clients of the application. */
export class MetricsListener {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /**
   * @param scrape returns the metrics in the text format of Prometheus
   * @throws ListenError, for example if the port is in use
   */
  static async start(
    { host, port }: { readonly host: string; readonly port: number },
    scrape: () => Promise<string>,
  ): Promise<MetricsListener> {
    const server = createServer(respond(scrape));
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.maxConnections = MAX_CONNECTIONS;
    await once(server.listen(port, host), 'listening').catch((error: unknown) => {
      throw new ListenError('METRICS_HOST and METRICS_PORT', error as Error);
    });
    const { address, family, port: actualPort } = server.address() as AddressInfo;
    return new MetricsListener(server, `http://${family === 'IPv6' ? `[${address}]` : address}:${actualPort}/metrics`);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function respond(scrape: () => Promise<string>): RequestListener {
  return (request, response) => {
    if (withoutQuery(request.url ?? '') !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET') return void response.writeHead(405, { Allow: 'GET' }).end();
    scrape().then(
      (text) => response.writeHead(200, { 'Content-Type': CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}
