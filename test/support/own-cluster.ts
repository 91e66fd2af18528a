import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';
import { runNode } from './run-node.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

type Running = Awaited<ReturnType<typeof startCluster>>;

/** Runs a PostgreSQL server for one test, as durable as in production. The test can kill and restart it. */
export class OwnCluster {
  private constructor(
    private readonly folder: string,
    private readonly password: string,
    private readonly port: number,
    private running: Running,
  ) {}

  /** Starts a server with one migrated database. */
  static async start(): Promise<OwnCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cluster-'));
    // PostgreSQL may run as another user, which needs access to the folder.
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

  /** Kills the server. Unwritten data is lost. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
  }

  /** Restarts the killed server on the same port. Retries, because its orphaned processes may take a moment to exit. */
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
