import { Logger } from '@nestjs/common';
import { DomainError } from '../common/domain.error.js';
import type { RejectionAudit } from '../common/rejection-audit.js';
import type { GlobalGuards } from '../http/global-guards.js';
import { handshakeOf } from '../http/guarded-request.js';
import { InternalError } from '../http/http.errors.js';
import { recordRejection } from '../http/record-rejection.js';
import { problemMessage } from '../http/rpc-error.js';
import type { NamespaceClient } from '../http/streams/namespace-stream.js';
import type { OpenConnections } from '../http/streams/open-connections.js';
import { checkGateway, isSameEndpoint, type Endpoint, type Gateway } from './gateways.js';

/** A client of socket.io that joins a namespace. */
type Join = (client: object, next: (error?: Error) => void) => void;

/** A namespace of socket.io. */
export interface Namespace {
  use(join: Join): void;
  on(event: 'connection', listener: (client: NamespaceClient) => void): void;
}

/** Authorizes clients of socket.io that join the namespace of a gateway. */
export class NamespaceAuthorizer {
  private readonly logger = new Logger(NamespaceAuthorizer.name);

  constructor(
    private readonly guards: GlobalGuards,
    private readonly gateways: readonly Gateway[],
    private readonly connections: OpenConnections,
    private readonly rejectionAudit: RejectionAudit,
  ) {}

  protect(namespace: Namespace, endpoint: Endpoint): void {
    const gateway = this.gateways.find((other) => isSameEndpoint(other, endpoint));
    namespace.use((client, next) => void this.join(client, gateway).then(next));
    namespace.on('connection', (client) => {
      if (!gateway?.isPublic) this.connections.addNamespace(client, gateway?.rule);
    });
  }

  /** Returns an error if the client may not join the namespace of a gateway. */
  private async join(client: object, gateway: Gateway | undefined): Promise<Error | undefined> {
    try {
      await checkGateway(this.guards, 'ws', [client], gateway);
    } catch (exception) {
      if (!(exception instanceof DomainError)) this.logger.error({ err: exception }, 'Unexpected error');
      const error = exception instanceof DomainError ? exception : new InternalError();
      const handshake = handshakeOf(client);
      if (handshake) recordRejection(this.rejectionAudit, error, handshake);
      // The client of socket.io gets both as `connect_error`.
      return Object.assign(new Error(error.code), { data: problemMessage(error) });
    }
    return undefined;
  }
}
