import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';
import { runNode } from './run-node.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

type Running = Awaited<ReturnType<typeof startCluster>>;

/** A PostgreSQL server of one test's own, as durable as in production, which can be killed and started again. */
export class OwnCluster {
  private constructor(
    private readonly folder: string,
    private readonly password: string,
    private readonly port: number,
    private running: Running,
  ) {}

  /** A server with one migrated database. */
  static async start(): Promise<OwnCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cluster-'));
    // PostgreSQL may run as another user, who must be able to get there.
    await chmod(folder, 0o755);
    const [password, port] = [newPassword(), await stablePort()];
    const running = await startCluster({ folder: join(folder, 'postgres'), password }, { detached: false, port });
    const cluster = new OwnCluster(folder, password, port, running);
    await execute(running.url, 'CREATE DATABASE gatehouse');
    await runNode('scripts/typeorm.js', ['migration:run'], { env: { DATABASE_URL: cluster.url } });
    return cluster;
  }

  get url(): string {
    return databaseUrl(this.running.url, 'gatehouse');
  }

  /** Ends the server at once, with everything that it had not written. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
  }

  /** Starts the killed server again, on the same port. Its orphaned processes may need a moment to notice their end. */
  async restart(): Promise<void> {
    const cluster = { folder: join(this.folder, 'postgres'), password: this.password };
    await until(
      'the killed server is up again',
      async () => {
        const running = await startCluster(cluster, { detached: false, port: this.port }).catch(() => null);
        if (running) this.running = running;
        return running !== null;
      },
      60_000,
    );
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
