import type { Config } from '../../config/env.js';
import type { DatabaseFacts } from './database-facts.repository.js';
import { ok, orOk, problemIf, warnIf, type Finding } from './finding.js';

/** The oldest version of PostgreSQL that the tests run on. */
const MIN_MAJOR = 15;
const MAX_CLOCK_DIFFERENCE_MS = 2_000;
const CHECK = 'database';
const ROLE_ADVICE = 'Use a role that only reads and writes rows. See docs/operations.md, Database roles.';

/**
 * Checks what the database says about itself.
 *
 * @param instances how many instances share the database
 */
export function checkDatabase(facts: DatabaseFacts, config: Config, instances = 1): readonly Finding[] {
  return [
    ok(CHECK, describe(facts)),
    ...checkServer(facts),
    ...(config.environment === 'production' ? [...checkRole(facts), ...checkEncryption(facts)] : []),
    ...checkConnections(facts, config, instances),
    ...checkTimeout(facts),
    ...checkClock(facts),
  ];
}

/**
 * Checks that the role may use every table. The migrations of a new version can add tables on which it has no rights.
 *
 * @param unusable the tables on which it lacks a right
 */
export function checkRights({ role }: DatabaseFacts, unusable: readonly string[]): readonly Finding[] {
  return problemIf(
    unusable.length > 0,
    CHECK,
    `The role ${role} lacks rights on ${unusable.join(', ')}. Grant them as in docs/operations.md, Database roles.`,
  );
}

function describe({ version, database, role, schema, isPooled, isEncrypted, roundTripMs }: DatabaseFacts): string {
  return [
    `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`,
    `database ${database}, schema ${schema ?? '(none)'}, role ${role}`,
    isEncrypted ? 'TLS' : 'no TLS',
    ...(isPooled ? ['behind a pooler'] : []),
    `${roundTripMs.toFixed(1)} ms`,
  ].join(', ');
}

function checkServer({ version, isReadOnly, schema, foldsCase }: DatabaseFacts): Finding[] {
  return [
    ...problemIf(
      version < MIN_MAJOR * 10_000,
      CHECK,
      `PostgreSQL ${Math.floor(version / 10_000)} is too old. Upgrade to ${MIN_MAJOR} or later.`,
    ),
    ...problemIf(
      isReadOnly,
      CHECK,
      'The server is read-only, such as a standby. Set DATABASE_URL to the primary, or check default_transaction_read_only.',
    ),
    ...problemIf(
      schema === null,
      CHECK,
      'No schema of the search path exists. Create it, or set search_path on the role.',
    ),
    ...warnIf(
      !foldsCase,
      CHECK,
      'The locale of the database does not know letters beyond ASCII, so searches for them are case-sensitive. Create ' +
        'the database with UTF-8 and a locale such as C.UTF-8.',
    ),
  ];
}

function checkRole({ role, isSuperuser, mayCreateTables }: DatabaseFacts): Finding[] {
  if (isSuperuser) return warnIf(true, CHECK, `The role ${role} is a superuser. ${ROLE_ADVICE}`);
  return warnIf(mayCreateTables, CHECK, `The role ${role} may change the schema. ${ROLE_ADVICE}`);
}

function checkEncryption({ isRemote, isEncrypted, isVerified }: DatabaseFacts): Finding[] {
  const state = isEncrypted ? 'encrypted, but the certificate is not verified' : 'not encrypted';
  return warnIf(
    isRemote && !(isEncrypted && isVerified),
    CHECK,
    `The connection is ${state}. Add sslmode=verify-full to DATABASE_URL, and sslrootcert=/path for your own authority.`,
  );
}

function checkConnections(facts: DatabaseFacts, { database, workers, worker }: Config, instances: number): Finding[] {
  // PostgreSQL does not limit the connections to a pooler.
  if (facts.isPooled) return [];
  const { maxConnections } = facts;
  // A worker knows its share. Each has at least one connection.
  const perInstance = worker ? worker.of * database.poolMax : Math.max(database.poolMax, workers);
  const needed = instances * perInstance;
  const sum = `${instances} × ${perInstance} connections (DB_POOL_MAX)`;
  const advice = 'Lower DB_POOL_MAX, raise max_connections or the limit of the role, or use a pooler.';
  if (needed > maxConnections) {
    return problemIf(true, CHECK, `${sum} are more than the ${maxConnections} that the role may open. ${advice}`);
  }
  return warnIf(
    needed + perInstance > maxConnections,
    CHECK,
    `The role may open ${maxConnections} connections. ${sum} leave no room for one more instance during a rolling restart. ${advice}`,
  );
}

function checkTimeout({ statementTimeoutMs, isPooled }: DatabaseFacts): Finding[] {
  return warnIf(
    statementTimeoutMs === 0,
    CHECK,
    `The session has no statement_timeout${isPooled ? ', because the pooler ignores DB_STATEMENT_TIMEOUT' : ''}. Set it ` +
      `on the role: ALTER ROLE … SET statement_timeout = '10s'.`,
  );
}

function checkClock({ clockAheadMs, roundTripMs }: DatabaseFacts): Finding[] {
  const difference = Math.abs(clockAheadMs);
  return warnIf(
    // The database read its clock at an unknown time during the round trip.
    difference - roundTripMs / 2 > MAX_CLOCK_DIFFERENCE_MS,
    CHECK,
    `The clock of the database is ${(difference / 1_000).toFixed(1)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the ` +
      `clock of this machine. Tokens and limits expire too early or too late. Synchronize both (NTP).`,
  );
}

/** @param pending migrations of this build that the database has not run; `unknown` are those of another build */
export function checkMigrations(pending: readonly string[], unknown: readonly string[]): readonly Finding[] {
  const check = 'migrations';
  const findings = [
    ...problemIf(pending.length > 0, check, `Pending migrations: ${pending.join(', ')}. Run npm run migration:run.`),
    ...warnIf(
      unknown.length > 0,
      check,
      `The database has migrations of another version: ${unknown.join(', ')}. Check that this is the right database, and ` +
        `that this version can use its schema.`,
    ),
  ];
  return orOk(findings, check, 'All have run');
}
