import { execFileSync } from 'node:child_process';
import { appendFile, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, NOBODY } from '../../scripts/postgres-binaries.js';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';
import { guardProcess } from '../runner/process-guard.js';
import { POSTGRES_BIN } from '../runner/test-cluster.js';
import { runNode } from './run-node.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

type Running = Awaited<ReturnType<typeof startCluster>>;

/** Runs a PostgreSQL server for one test, as durable as in production. The test can kill and restart it. */
export class OwnCluster {
  /** No longer stops the server if this process is killed. */
  private release: () => void;

  private constructor(
    private readonly folder: string,
    private readonly password: string,
    private readonly port: number,
    private running: Running,
  ) {
    this.release = this.guard();
  }

  /** Starts a server with one migrated database. @param folder an empty one by default */
  static async start({ flags = [], folder }: { flags?: readonly string[]; folder?: string } = {}): Promise<OwnCluster> {
    const cluster = await OwnCluster.launch(folder ?? (await newFolder()), newPassword(), flags);
    await execute(cluster.running.url, 'CREATE DATABASE gatehouse');
    await runNode('scripts/typeorm.js', ['migration:run'], { env: { DATABASE_URL: cluster.url } });
    return cluster;
  }

  private static async launch(folder: string, password: string, flags: readonly string[] = []): Promise<OwnCluster> {
    const port = await stablePort();
    const options = { detached: false, port, flags, bin: POSTGRES_BIN };
    const running = await startCluster({ folder: join(folder, 'postgres'), password }, options);
    return new OwnCluster(folder, password, port, running);
  }

  /** Starts a standby. Restarts this server, because its files are copied while it is stopped. */
  async startStandby(): Promise<OwnCluster> {
    await this.running.stop();
    this.release();
    const folder = await newFolder();
    const data = join(folder, 'postgres');
    execFileSync('cp', ['-a', join(this.folder, 'postgres'), data]);
    const primary = `host=127.0.0.1 port=${this.port} user=gatehouse password=${this.password}`;
    await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
    const signal = join(data, 'standby.signal');
    await writeFile(signal, '');
    if (isRoot) await chown(signal, NOBODY.uid, NOBODY.gid);
    await this.restart();
    return OwnCluster.launch(folder, this.password);
  }

  get url(): string {
    return databaseUrl(this.running.url, 'gatehouse');
  }

  /** Runs statements as the superuser, outside a transaction. */
  execute(...statements: string[]): Promise<void> {
    return execute(this.url, ...statements);
  }

  /** Kills the server. Unwritten data is lost. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
    this.release();
  }

  /** Restarts the killed server on the same port. Retries, because its orphaned processes may take a moment to exit. */
  async restart(): Promise<void> {
    const cluster = { folder: join(this.folder, 'postgres'), password: this.password };
    await until(
      'the killed server is up again',
      async () => {
        const options = { detached: false, port: this.port, bin: POSTGRES_BIN };
        const running = await startCluster(cluster, options).catch(() => null);
        if (running) this.running = running;
        return running !== null;
      },
      60_000,
    );
    this.release = this.guard();
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await rm(this.folder, { recursive: true, force: true });
    this.release();
  }

  private guard(): () => void {
    return guardProcess(this.running.pid, { signal: 'SIGQUIT', folder: this.folder });
  }
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cluster-'));
  // PostgreSQL may run as another user, which needs access to the folder.
  await chmod(folder, 0o755);
  return folder;
}
