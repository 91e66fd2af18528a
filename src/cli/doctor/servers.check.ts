import type { Config } from '../../config/env.js';
import { describeOutage } from '../../platform/database/connect-errors.js';
import { connectDatabase } from '../../platform/database/database.options.js';
import { ReadOnlyServerError } from '../../platform/database/read-only-server.js';
import { ok, warning, type Finding } from '../../server/checks/finding.js';

const CHECK = 'servers';

/** Connects to each of several servers, because an unreachable one is only missed at the next failover. */
export async function inspectServers({ database }: Config): Promise<readonly Finding[]> {
  if (database.servers.length < 2) return [];
  return Promise.all(
    database.servers.map(async (server) => {
      const name = `${server.host}:${server.port}`;
      try {
        const client = await connectDatabase({ ...database, servers: [server] });
        await client.end();
        return ok(CHECK, `${name} accepts writes`);
      } catch (error) {
        if (error instanceof ReadOnlyServerError) return ok(CHECK, `${name} is read-only, so it waits for a failover`);
        return warning(CHECK, `${name} is not available for a failover: ${describeOutage(error as Error)}`);
      }
    }),
  );
}
