import type { DatabaseServer } from '../../config/database-url.js';

/** The servers of `DATABASE_URL`, shared by all connections of a pool. */
export class ServerList {
  /** Whether a server, usually a pooler, has rejected timeouts as startup parameters. */
  rejectsTimeouts = false;

  constructor(private servers: readonly DatabaseServer[]) {}

  /** Returns the servers in the order in which a new connection tries them. */
  inOrder(): readonly DatabaseServer[] {
    return this.servers;
  }

  /** Moves this server to the front, so that new connections find the primary at their first attempt. */
  prefer(server: DatabaseServer): void {
    if (this.servers[0] !== server) this.servers = [server, ...this.servers.filter((other) => other !== server)];
  }
}
