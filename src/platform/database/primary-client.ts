import { Logger } from '@nestjs/common';
import pg, { type ClientConfig, type Connection } from 'pg';
import type { DatabaseServer } from '../../config/database-url.js';
import { NoPrimaryError } from './connect-errors.js';
import { ReadOnlyServerError } from './read-only-server.js';
import type { ServerList } from './server-list.js';

export interface PrimaryClientConfig extends ClientConfig {
  readonly servers: ServerList;
  readonly connectionTimeoutMillis: number;
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** PostgreSQL 14 and later report these parameters when a client connects and whenever they change. */
const PARAMETERS = ['in_hot_standby', 'default_transaction_read_only'];
const TIMEOUTS = ['statement_timeout', 'idle_in_transaction_session_timeout'];
/** The message of a pooler that does not accept a timeout as a startup parameter. PgBouncer's is the first one. */
const REJECTED_TIMEOUT = /unsupported startup parameter|statement_timeout|idle_in_transaction_session_timeout/;
/** How long a rejected server has to close the connection. */
const CLOSE_TIMEOUT_MS = 1_000;

// Otherwise `pg` sends times in the time zone of the process, without the seconds that offsets before 1900 have.
pg.defaults.parseInputDatesAsUTC = true;

/** The state of `pg.Client` before it connects. */
const UNCONNECTED = {
  _connecting: false,
  _connected: false,
  _connectionError: false,
  _queryable: true,
  _ended: false,
  readyForQuery: false,
};

/**
 * A connection to a server that accepts writes. Tries the servers in turn, and fails if none accepts writes. If its
 * server becomes read-only later, the connection fails and the pool drops it.
 *
 * `pg` supports one host, so each further attempt replaces the inner connection of `pg.Client`.
 */
export class PrimaryClient extends pg.Client {
  declare connection: Connection;
  private reported = new Map<string, string>();
  private isAccepted = false;
  private failure: Error | undefined;

  constructor(private readonly config: PrimaryClientConfig) {
    super(config);
    // If the server closes a connection while the pool hands it over, neither the pool nor TypeORM listens. Without a
    // listener, the process would end.
    this.on('error', (error) => (this.failure ??= error));
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error | undefined) => void): void;
  override connect(callback?: (error: Error | undefined) => void): Promise<this> | undefined {
    const connected = this.connectInTurn();
    if (!callback) return connected;
    connected.then(() => callback(undefined), callback);
    return undefined;
  }

  /**
   * Tries the servers in turn. All together have `connectionTimeoutMillis`, and each has an equal share of the remaining
   * time.
   */
  private async connectInTurn(): Promise<this> {
    const { servers, connectionTimeoutMillis } = this.config;
    const deadline = performance.now() + connectionTimeoutMillis;
    const failures: { server: DatabaseServer; error: Error }[] = [];
    const candidates = servers.inOrder();
    for (const [index, server] of candidates.entries()) {
      const remaining = deadline - performance.now();
      if (index > 0 && remaining <= 0) break;
      try {
        await this.attempt(server, Math.max(1, remaining / (candidates.length - index)));
        servers.prefer(server);
        return this;
      } catch (error) {
        failures.push({ server, error: error as Error });
      }
    }
    throw NoPrimaryError.of(failures);
  }

  private async attempt(server: DatabaseServer, timeoutMs: number): Promise<void> {
    this.prepare(server, timeoutMs);
    try {
      await super.connect();
      await this.assertAcceptsWrites(server, timeoutMs);
      if (this.failure) throw this.failure;
    } catch (error) {
      this.abandon();
      const { servers } = this.config;
      if (servers.rejectsTimeouts || !REJECTED_TIMEOUT.test((error as Error).message)) throw error;
      servers.rejectsTimeouts = true;
      new Logger('Database').warn(
        `${server.host}:${server.port} rejects timeouts as startup parameters, so DB_STATEMENT_TIMEOUT does not reach ` +
          `PostgreSQL. Set statement_timeout on the database role. See docs/operations.md, Behind PgBouncer.`,
      );
      await this.attempt(server, timeoutMs);
    }
  }

  /** Replaces what an earlier attempt has left. */
  private prepare({ host, port }: DatabaseServer, timeoutMs: number): void {
    const { connection } = new pg.Client(this.config);
    const fresh = { ...UNCONNECTED, connection, host, port, _connectionTimeoutMillis: timeoutMs };
    Object.assign(this, fresh, { reported: new Map(), isAccepted: false, failure: undefined });
    connection.on('parameterStatus', (status: ParameterStatus) => this.onParameter(status));
  }

  /**
   * Asks the server if it has not reported both parameters as off. That is the case before PostgreSQL 14, and behind
   * PgBouncer, which may report an outdated value.
   */
  private async assertAcceptsWrites(server: DatabaseServer, timeoutMs: number): Promise<void> {
    if (!PARAMETERS.every((name) => this.reported.get(name) === 'off')) {
      const query = { text: 'SHOW transaction_read_only', query_timeout: timeoutMs };
      const { rows } = await this.query<{ transaction_read_only: string }>(query);
      if (rows[0]?.transaction_read_only !== 'off') {
        const reason = PARAMETERS.find((name) => this.reported.get(name) === 'on') ?? 'transaction_read_only';
        throw new ReadOnlyServerError(server, `${reason} = on`);
      }
    }
    this.isAccepted = true;
  }

  private onParameter({ parameterName: name, parameterValue: value }: ParameterStatus): void {
    if (!PARAMETERS.includes(name)) return;
    this.reported.set(name, value);
    // The value changed before the running statement, whose result must not be used.
    if (this.isAccepted && value === 'on') {
      this.connection.emit('error', new ReadOnlyServerError(this, `${name} = on`));
    }
  }

  /** Closes the connection of a failed attempt, whose events must not reach this client any more. */
  private abandon(): void {
    const { connection } = this;
    connection.removeAllListeners();
    connection.on('error', () => undefined);
    const { stream } = connection;
    connection.end();
    if (stream.closed) return;
    const timer = setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS).unref();
    stream.once('close', () => clearTimeout(timer));
  }

  /** Overrides a method of `pg.Client` that its types omit. */
  protected getStartupConf(): Record<string, string> {
    const base = pg.Client.prototype as unknown as { getStartupConf: (this: PrimaryClient) => Record<string, string> };
    const parameters = base.getStartupConf.call(this);
    const { rejectsTimeouts } = this.config.servers;
    return rejectsTimeouts
      ? Object.fromEntries(Object.entries(parameters).filter(([name]) => !TIMEOUTS.includes(name)))
      : parameters;
  }
}
