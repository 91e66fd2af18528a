import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { isRoot, NOBODY } from '../../scripts/postgres-binaries.js';
import { guardChild } from '../runner/process-guard.js';
import { readFences } from './markdown.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

/** The installed version, such as 1 and 18, or 0 and 0 if PgBouncer is not installed. */
const [major = 0, minor = 0] = (/\d+\.\d+/.exec(String(spawnSync('pgbouncer', ['--version']).stdout))?.[0] ?? '')
  .split('.')
  .map(Number);

type Settings = Readonly<Record<string, string>>;

/** Disables prepared statements, which versions from 1.21 support. Earlier versions do not know the setting. */
const WITHOUT_PREPARED: Settings = major > 1 || minor >= 21 ? { max_prepared_statements: '0' } : {};

/** Runs a PgBouncer for one test in front of one database, with the configuration in `docs/operations.md`. */
export class PgBouncer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** The URL of the database through PgBouncer. */
    readonly url: string,
  ) {}

  static readonly isInstalled = major > 0;

  /**
   * @param databaseUrl includes the role and its password
   * @param changes replace settings. An empty value removes a setting
   */
  static async start(databaseUrl: string, changes: Settings = {}): Promise<PgBouncer> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-pgbouncer-'));
    const url = new URL(databaseUrl);
    const [users, ini, port] = [join(folder, 'userlist.txt'), join(folder, 'pgbouncer.ini'), await stablePort()];
    await writeFile(users, `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_file: users,
      ...WITHOUT_PREPARED,
      ...changes,
    };
    await writeFile(ini, configure(await documentedIni(), url, settings));
    // PgBouncer does not run as root.
    if (isRoot) for (const path of [folder, users, ini]) await chown(path, NOBODY.uid, NOBODY.gid);
    await chmod(folder, 0o700);
    const options = { ...(isRoot && NOBODY), cwd: folder, stdio: 'ignore' } as const;
    const child = guardChild(spawn('pgbouncer', ['-q', ini], options), { folder });
    url.port = String(port);
    const bouncer = new PgBouncer(child, folder, url.href);
    try {
      await until('PgBouncer answers', () => bouncer.answers());
      return bouncer;
    } catch (error) {
      await bouncer.stop();
      throw error;
    }
  }

  /** Runs a query on a new connection, without the application. */
  query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    return this.connected(async (client) => (await client.query<Row>(sql)).rows);
  }

  /** Runs `act` while a transaction of another client occupies a server connection. */
  async whileHeld(act: () => PromiseLike<unknown>): Promise<void> {
    await this.connected(async (client) => {
      await client.query('BEGIN');
      await act();
      await client.query('ROLLBACK');
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async connected<T>(act: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await act(client);
    } finally {
      await client.end();
    }
  }

  private async answers(): Promise<boolean> {
    if (this.child.exitCode !== null) throw new Error('PgBouncer did not start. Check its configuration.');
    return this.query('SELECT 1').then(Boolean, () => false);
  }
}

async function documentedIni(): Promise<string> {
  const [ini] = readFences(await readFile('docs/operations.md', 'utf8'), 'ini');
  if (!ini) throw new Error('docs/operations.md contains no PgBouncer configuration.');
  return ini;
}

/** Returns the documented configuration with another database and other settings. */
function configure(ini: string, url: URL, settings: Settings): string {
  const name = url.pathname.slice(1);
  const kept = ini.split('\n').filter((line) => !Object.keys(settings).some((key) => line.startsWith(`${key} =`)));
  const added = Object.entries(settings).filter(([key, value]) => value !== '' || key === 'unix_socket_dir');
  return [...kept, ...added.map(([key, value]) => `${key} = ${value}`), '']
    .join('\n')
    .replace(/^gatehouse = .*$/m, `${name} = host=${url.hostname} port=${url.port} dbname=${name}`);
}
