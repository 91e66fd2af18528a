import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { databaseUrl, execute } from '../../scripts/postgres-client.js';
import { until } from './until.js';
import { TEMPLATE } from '../runner/test-cluster.js';

let counter = 0;

/** A new, migrated and empty database, which tests can query without the application. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    private readonly cluster: string,
    private readonly client: pg.Client,
  ) {}

  /** Copies the migrated template. With `empty`, creates a database without migrations. */
  static async create({ empty = false } = {}): Promise<TestDatabase> {
    const name = `test_${process.env['JEST_WORKER_ID'] ?? '0'}_${process.pid}_${Date.now().toString(36)}_${++counter}`;
    const cluster = await clusterUrl();
    await execute(cluster, `CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : TEMPLATE} STRATEGY file_copy`);
    const url = databaseUrl(cluster, name);
    // In UTC every day has 24 hours, as in the configuration.
    const client = new pg.Client({ connectionString: url, application_name: 'test', options: '-c timezone=UTC' });
    client.on('error', () => undefined);
    await client.connect();
    return new TestDatabase(url, cluster, client);
  }

  async query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.client.query<Row>(sql, parameters);
    return rows;
  }

  /** Runs `act` while a transaction has the locks of a statement such as `LOCK TABLE …`. Then rolls it back. */
  async withLock<T>(lock: string, act: () => Promise<T>): Promise<T> {
    await this.query('BEGIN');
    try {
      await this.query(lock);
      return await act();
    } finally {
      await this.query('ROLLBACK');
    }
  }

  /** Returns the server processes that wait for a lock on a table of this database. */
  async waitingFor(table: string): Promise<number[]> {
    // All copies of the template have the same relation IDs, so the database must match too.
    const sql = `SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
                  WHERE NOT granted AND relation = $1::regclass AND datname = current_database()`;
    return (await this.query<{ pid: number }>(sql, [table])).map(({ pid }) => pid);
  }

  /** Returns the server processes of this database that wait for any lock. A process that waits for a row is among them. */
  async waiting(): Promise<number[]> {
    // Not from pg_stat_activity, because inside a transaction it always returns the same snapshot.
    const sql = `SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid IN
                   (SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database())`;
    return (await this.query<{ pid: number }>(sql)).map(({ pid }) => pid);
  }

  /** Lets two requests wait for a lock. They get it in this order, once both wait. Returns their responses. */
  async queue<First, Second>(
    lock: string,
    first: () => PromiseLike<First>,
    second: () => PromiseLike<Second>,
  ): Promise<[First, Second]> {
    // `then` sends a request. A promise inside an array is not awaited here.
    const [sent, sentAfter] = await this.withLock(lock, async () => {
      const answer = first().then((response) => response);
      await until('the first request waits', async () => (await this.waiting()).length === 1);
      const answerAfter = second().then((response) => response);
      await until('the second request waits', async () => (await this.waiting()).length === 2);
      return [answer, answerAfter];
    });
    return [await sent, await sentAfter];
  }

  async drop(): Promise<void> {
    await this.client.end();
    await execute(this.cluster, `DROP DATABASE ${new URL(this.url).pathname.slice(1)} WITH (FORCE)`);
  }
}

let cluster: Promise<string> | undefined;

/** The URL of the server that this run shares. The first call in the run starts the server. */
function clusterUrl(): Promise<string> {
  return (cluster ??= askForCluster());
}

async function askForCluster(): Promise<string> {
  const port = process.env['TEST_CLUSTER_PORT'];
  if (!port) throw new Error('Run the tests with npm test, because it provides their PostgreSQL.');
  const answer = JSON.parse(await text(connect(Number(port), '127.0.0.1'))) as { url?: string; error?: string };
  if (!answer.url) throw new Error(`The test database could not be started: ${answer.error}`);
  return answer.url;
}
