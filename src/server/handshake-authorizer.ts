import type { Response } from 'express';
import { TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { ForbiddenError } from '../common/domain.error.js';
import { withoutQuery } from '../common/without-query.js';
import type { Config } from '../config/env.js';
import { hasAllowedOrigin } from '../http/allowed-origin.js';
import type { GlobalGuards } from '../http/global-guards.js';
import type { GuardedRequest } from '../http/guarded-request.js';
import { OriginNotAllowedError } from '../http/http.errors.js';
import { checkGateway, type Gateway } from './gateways.js';

/** The clients of engine.io by the ID of their connection. */
export interface Engine {
  readonly clients: Readonly<Record<string, { readonly request: GuardedRequest }>>;
}

/** Authorizes the handshakes of WebSockets and the long polling of socket.io for the gateways at their path. */
export class HandshakeAuthorizer {
  /** The path of gateways without one. */
  defaultPath = '/';
  readonly engines = new Set<Engine>();
  /** How many listeners for handshakes the adapter has added to the HTTP server. */
  adapterListeners = 0;

  constructor(
    private readonly guards: GlobalGuards,
    private readonly gateways: readonly Gateway[],
    private readonly config: Config,
  ) {}

  /** Authorizes a handshake or a poll. One gateway at its path must admit it. */
  async authorize(request: GuardedRequest, response: Response): Promise<void> {
    if (!this.isAllowedOrigin(request)) throw new OriginNotAllowedError();
    const gateways = this.gatewaysAt(withoutQuery(request.url));
    let rejection: unknown;
    for (const gateway of gateways.length > 0 ? gateways : [undefined]) {
      try {
        await checkGateway(this.guards, 'http', [request, response], gateway);
        this.assertSameSession(request);
        return;
      } catch (error) {
        // A client with an invalid token must not fall back to anonymous access.
        if (!(error instanceof ForbiddenError || error instanceof TokenMissingError)) throw error;
        rejection ??= error;
      }
    }
    throw rejection;
  }

  /** Returns whether a gateway, or a server that the application attached itself, may take a handshake. */
  isServed(request: GuardedRequest, listeners: number): boolean {
    if (listeners > this.adapterListeners) return true;
    const path = withoutQuery(request.url);
    const isExact = this.engines.size === 0;
    return this.gatewaysAt(path).some((gateway) => !isExact || path === this.gatewayPath(gateway));
  }

  /** A request that continues a connection of engine.io must belong to the session that opened it. */
  private assertSameSession(request: GuardedRequest): void {
    for (const id of new URL(request.url, 'http://host').searchParams.getAll('sid')) {
      for (const { clients } of this.engines) {
        const opener = Object.hasOwn(clients, id) ? clients[id]?.request : undefined;
        if (opener && opener.principal?.sessionId !== request.principal?.sessionId) throw new TokenInvalidError();
      }
    }
  }

  /** Checks the origin of the page that browsers send, because CORS does not cover WebSockets (ASVS 4.4.2). */
  private isAllowedOrigin({ headers }: GuardedRequest): boolean {
    return headers.origin === undefined || hasAllowedOrigin(headers, this.config);
  }

  private gatewaysAt(path: string): readonly Gateway[] {
    // `ws` accepts only the exact path, and socket.io also every path below it.
    const matches = this.gateways.filter((gateway) => `${path}/`.startsWith(`${this.gatewayPath(gateway)}/`));
    const longest = Math.max(...matches.map((gateway) => this.gatewayPath(gateway).length));
    return matches.filter((gateway) => this.gatewayPath(gateway).length === longest);
  }

  private gatewayPath({ path }: Gateway): string {
    return path ?? this.defaultPath;
  }
}
