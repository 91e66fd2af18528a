import type { Config } from '../../config/env.js';
import { HealthRepository } from '../../health/health.repository.js';
import { describeOutage } from '../../platform/database/connect-errors.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { databaseOptions } from '../../platform/database/database.options.js';
import { LazyDataSource } from '../../platform/database/lazy-data-source.js';
import { DatabaseUnavailableError, isNotPermitted, isOutdatedSchema } from '../../platform/database/pg-errors.js';
import { checkDatabase, checkMigrations, checkRights } from '../../server/checks/database-checks.js';
import { readDatabaseFacts, tablesWithoutRights } from '../../server/checks/database-facts.repository.js';
import { problem, problemIf, type Finding } from '../../server/checks/finding.js';
import { inspectEmails } from './emails.check.js';
import { inspectFactors } from './factors.check.js';
import { losesPreparedStatements } from './pooler.check.js';

const ENTITIES = `${import.meta.dirname}/../../**/*.entity.{js,ts}`;
const MAX_CONNECT_TIMEOUT_MS = 10_000;
/** Three are used, and the pool reserves two for session lookups. */
const CONNECTIONS = 5;

/** Connects as the application does, and checks what it needs. */
export async function inspectDatabase(config: Config, instances: number): Promise<readonly Finding[]> {
  const connectTimeout = Math.min(config.database.connectTimeout, MAX_CONNECT_TIMEOUT_MS);
  const options = databaseOptions({ ...config.database, poolMax: CONNECTIONS, connectTimeout });
  const dataSource = await new LazyDataSource({ ...options, entities: [ENTITIES] }).initialize();
  const database = new Database(dataSource);
  const health = new HealthRepository();
  try {
    const findings = await database.run((manager) => inspect(database, manager, { config, instances, health }));
    return [
      ...findings,
      ...(await tryToServe(database, health)),
      ...(await unlessReported(() => inspectEmails(database))),
      ...(await unlessReported(() => inspectFactors(database, config))),
    ];
  } catch (error) {
    return [problem('database', describe(error))];
  } finally {
    await dataSource.destroy();
  }
}

/** Does what requests need. This also fails if the disk is full or a table is locked. */
async function tryToServe(database: Database, health: HealthRepository): Promise<Finding[]> {
  try {
    await database.run((manager) => health.tryToServe(manager));
    return [];
  } catch (error) {
    // Other checks report these.
    if (isOutdatedSchema(error) || isNotPermitted(error)) return [];
    return [problem('database', describe(error))];
  }
}

/**
 * Returns nothing if an inspection of rows fails with an error that other checks report. A table with many millions of
 * rows can exceed the timeout.
 */
async function unlessReported(inspectRows: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await inspectRows();
  } catch (error) {
    if (error instanceof DatabaseUnavailableError || isOutdatedSchema(error) || isNotPermitted(error)) return [];
    throw error;
  }
}

/** Describes an outage. @throws any other error */
function describe(error: unknown): string {
  if (error instanceof DatabaseUnavailableError && error.cause instanceof Error) return describeOutage(error.cause);
  throw error;
}

interface Expectations {
  readonly config: Config;
  readonly instances: number;
  readonly health: HealthRepository;
}

async function inspect(
  database: Database,
  manager: EntityManager,
  { config, instances, health }: Expectations,
): Promise<Finding[]> {
  const facts = await readDatabaseFacts(manager);
  const executed = await health.executedMigrations(manager);
  const known = await health.knownMigrations();
  const pending = known.filter((name) => !executed.has(name));
  const unknown = [...executed].filter((name) => !known.includes(name));
  const mayLose = facts.isPooled && config.database.preparedStatements;
  return [
    ...checkDatabase(facts, config, instances),
    ...checkRights(facts, await tablesWithoutRights(manager)),
    ...problemIf(
      mayLose && (await losesPreparedStatements(database)),
      'database',
      'The pooler loses prepared statements. Set DB_PREPARED_STATEMENTS=false, or max_prepared_statements of PgBouncer.',
    ),
    ...checkMigrations(pending, unknown),
  ];
}
