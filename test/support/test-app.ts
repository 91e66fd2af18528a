import type { ServerOptions } from 'node:http';
import type { ModuleMetadata } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { pino, type DestinationStream } from 'pino';
import { AppModule } from '../../src/app.module.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { STORE_TIMEOUT_MS } from '../../src/platform/rate-limits/rate-limits.service.js';
import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { createAdapter, setUpApp } from '../../src/server/http-setup.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { NestLogger } from '../../src/platform/logging/nest-logger.js';
import { gatehouseConfig } from '../../src/config/config.module.js';
import { parseEnvironment, type Config } from '../../src/config/env.js';
import { DatabaseProxy } from './database-proxy.js';
import { RunningApp } from './running-app.js';
import { shareThreads } from './shared-threads.js';
import { TestDatabase } from './test-database.js';

/** A secret that the configuration accepts, the same for all instances. */
export const TEST_SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';

export interface TestAppOptions {
  /** Modules in addition to those of `AppModule`, for example with the controllers of a test. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** Replaces providers: `override: (module) => module.overrideProvider(Payments).useValue(fake)`. */
  readonly override?: (module: TestingModuleBuilder) => void;
  /** Changes the application before it starts: `configure: (app) => app.setGlobalPrefix('api')`. */
  readonly configure?: (app: NestExpressApplication) => void;
  /** Environment variables that override the defaults of tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** The database of another instance. By default the instance creates one and drops it in `close`. */
  readonly database?: TestDatabase;
  /** Receives the log. Without it, the instance does not log. */
  readonly log?: DestinationStream;
  /** Nest's option for raw bodies. */
  readonly rawBody?: boolean;
  /** Settings of the HTTP server. */
  readonly server?: ServerOptions;
  /** Gives the instance its own threads for passwords, for tests that fill their queue. */
  readonly ownThreads?: boolean;
  /** Keeps the timeout of the store of rate limits, for tests of its outages. */
  readonly hasStoreTimeout?: boolean;
}

/**
 * Runs the complete application in the test process, with its own port and database. Guards, validation, error
 * documents and settings are those of production.
 */
export class TestApp extends RunningApp {
  /** The other instances on a database. They close with its owner, even if a failed test did not close them. */
  private static readonly guests = new WeakMap<TestDatabase, Set<TestApp>>();
  private proxy: DatabaseProxy | null = null;

  private constructor(
    readonly app: NestExpressApplication,
    readonly config: Config,
    url: string,
    readonly database: TestDatabase,
    private readonly ownsDatabase: boolean,
  ) {
    super(url);
  }

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const database = options.database ?? (await TestDatabase.create());
    try {
      return await TestApp.startOn(database, options);
    } catch (error) {
      if (!options.database) await database.drop();
      throw error;
    }
  }

  private static async startOn(db: TestDatabase, options: TestAppOptions): Promise<TestApp> {
    const { imports = [], override, configure, env = {}, database, log, rawBody = false, server = {} } = options;
    const config = parseEnvironment({
      NODE_ENV: 'test',
      PORT: '0',
      DATABASE_URL: db.url,
      JWT_SECRET: TEST_SECRET,
      BCRYPT_COST: '4',
      // Tests send many requests from one IP address.
      RATE_LIMIT_ENABLED: 'false',
      // Otherwise an instance could delete expired rows of a slow test.
      PRUNE_INTERVAL: '0s',
      // A slow machine can exceed the defaults.
      DB_CONNECT_TIMEOUT: '1m',
      DB_STATEMENT_TIMEOUT: '1m',
      REQUEST_TIMEOUT: '1m',
      LOG_LEVEL: log ? 'debug' : 'silent',
      ...env,
    });
    const module = Test.createTestingModule({ imports: [AppModule, ...imports] });
    module.overrideProvider(gatehouseConfig.KEY).useValue(config);
    // After the timeout, which a slow machine can exceed, each instance would count by itself.
    if (!options.hasStoreTimeout) module.overrideProvider(STORE_TIMEOUT_MS).useValue(60_000);
    override?.(module);
    const compiled = await module.compile();
    if (!options.ownThreads) shareThreads(compiled);
    const logger = log ? await createLogger(config, log) : pino({ level: 'silent' });
    const app = compiled.createNestApplication<NestExpressApplication>(createAdapter(), {
      logger: new NestLogger(logger),
      rawBody,
    });
    setUpApp(app, config, logger);
    configure?.(app);
    Object.assign(app.getHttpServer(), server);
    await app.listen(config.http.port, '127.0.0.1');
    const started = new TestApp(app, config, await app.getUrl(), db, database === undefined);
    if (database) started.guests.add(started);
    return started;
  }

  /** Starts two instances on one database. Closing the first one closes both, unless `database` is set. */
  static async startTwo(options: TestAppOptions = {}): Promise<[first: TestApp, second: TestApp]> {
    const first = await TestApp.start(options);
    return [first, await TestApp.start({ ...options, database: first.database })];
  }

  /** Starts an instance on the database of another one, behind a proxy that can count, delay and drop its traffic. */
  static async startProxied(
    { database }: TestApp,
    options: Omit<TestAppOptions, 'database'> = {},
  ): Promise<[app: TestApp, proxy: DatabaseProxy]> {
    const proxy = await DatabaseProxy.start(database.url);
    const app = await TestApp.start({ ...options, database, env: { DATABASE_URL: proxy.url, ...options.env } });
    app.proxy = proxy;
    await app.stopBackgroundWrites();
    return [app, proxy];
  }

  /** Stops the timers that write rejections and marks of use, so that a test counts only statements of its requests. */
  async stopBackgroundWrites(): Promise<void> {
    for (const writer of [RejectionRecorder, LastSeenRecorder]) await this.app.get(writer).onApplicationShutdown();
  }

  async close(): Promise<void> {
    if (this.ownsDatabase) for (const guest of this.guests) await guest.close();
    this.guests.delete(this);
    await this.app.close();
    await this.proxy?.close();
    if (this.ownsDatabase) await this.database.drop();
  }

  private get guests(): Set<TestApp> {
    const guests = TestApp.guests.get(this.database) ?? new Set();
    TestApp.guests.set(this.database, guests);
    return guests;
  }
}
