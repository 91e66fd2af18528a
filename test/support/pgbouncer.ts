import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { isRoot, NOBODY } from '../../scripts/postgres-binaries.js';
import { readFences } from './markdown.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

/** Its version as numbers, such as 1 and 18; none where this machine does not have the program. */
const [major = 0, minor = 0] = (/\d+\.\d+/.exec(String(spawnSync('pgbouncer', ['--version']).stdout))?.[0] ?? '')
  .split('.')
  .map(Number);

type Settings = Readonly<Record<string, string>>;

/** From 1.21 on it can keep prepared statements; before that it does not know the setting. */
const WITHOUT_PREPARED: Settings = major > 1 || minor >= 21 ? { max_prepared_statements: '0' } : {};

/** A PgBouncer of one test's own in front of one database, configured as `docs/operations.md` says. */
export class PgBouncer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** The database through it. */
    readonly url: string,
  ) {}

  /** Whether this machine has the program. */
  static readonly isInstalled = major > 0;

  /**
   * @param databaseUrl with the role and its password
   * @param changes of its settings; one that is empty is left out
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
    // It refuses to run as root.
    if (isRoot) for (const path of [folder, users, ini]) await chown(path, NOBODY.uid, NOBODY.gid);
    await chmod(folder, 0o700);
    const child = spawn('pgbouncer', ['-q', ini], { ...(isRoot && NOBODY), cwd: folder, stdio: 'ignore' });
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

  /** Asks it something on a connection of one's own, past the application. */
  query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    return this.connected(async (client) => (await client.query<Row>(sql)).rows);
  }

  /** Does something while a transaction of somebody else has a connection to the server. */
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
    if (this.child.exitCode !== null) throw new Error('PgBouncer did not start: see its configuration.');
    return this.query('SELECT 1').then(Boolean, () => false);
  }
}

async function documentedIni(): Promise<string> {
  const [ini] = readFences(await readFile('docs/operations.md', 'utf8'), 'ini');
  if (!ini) throw new Error('docs/operations.md has no configuration of PgBouncer.');
  return ini;
}

/** The documented configuration, for another database and with other settings. */
function configure(ini: string, url: URL, settings: Settings): string {
  const name = url.pathname.slice(1);
  const kept = ini.split('\n').filter((line) => !Object.keys(settings).some((key) => line.startsWith(`${key} =`)));
  const added = Object.entries(settings).filter(([key, value]) => value !== '' || key === 'unix_socket_dir');
  return [...kept, ...added.map(([key, value]) => `${key} = ${value}`), '']
    .join('\n')
    .replace(/^gatehouse = .*$/m, `${name} = host=${url.hostname} port=${url.port} dbname=${name}`);
}
