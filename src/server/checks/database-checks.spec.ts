import { parseEnvironment } from '../../config/env.js';
import { checkDatabase, checkMigrations } from './database-checks.js';
import type { DatabaseFacts } from './database-facts.repository.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://u:p@db:5432/g',
  JWT_SECRET: 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU',
};
const FACTS: DatabaseFacts = {
  version: 180_001,
  database: 'gatehouse',
  role: 'gatehouse_app',
  schema: 'public',
  isReadOnly: false,
  isSuperuser: false,
  mayCreateTables: false,
  foldsCase: true,
  maxConnections: 97,
  statementTimeoutMs: 10_000,
  clockAheadMs: 20,
  roundTripMs: 1.23,
  isPooled: false,
  isEncrypted: true,
  isVerified: true,
  isRemote: true,
};

/** Returns the level and the message of all findings that are not ok. */
const flaws = (facts: Partial<DatabaseFacts>, variables: Readonly<Record<string, string>> = {}, instances = 1) =>
  checkDatabase({ ...FACTS, ...facts }, parseEnvironment({ ...PRODUCTION, ...variables }), instances).flatMap(
    ({ level, message }) => (level === 'ok' ? [] : [`${level}: ${message}`]),
  );

describe('checkDatabase', () => {
  it('describes the server if all is well', () => {
    expect(checkDatabase(FACTS, parseEnvironment(PRODUCTION))).toEqual([
      {
        level: 'ok',
        check: 'database',
        message: 'PostgreSQL 18.1, database gatehouse, schema public, role gatehouse_app, TLS, 1.2 ms',
      },
    ]);
  });

  it.each<[string, Partial<DatabaseFacts>]>([
    ['problem: PostgreSQL 14 is too old. Upgrade to 15', { version: 140_022 }],
    ['problem: The server is read-only, such as a standby. Set DATABASE_URL to the primary', { isReadOnly: true }],
    ['problem: No schema of the search path exists', { schema: null }],
    ['warning: The locale of the database does not know letters beyond ASCII', { foldsCase: false }],
    ['warning: The role gatehouse_app is a superuser', { isSuperuser: true, mayCreateTables: true }],
    ['warning: The role gatehouse_app may change the schema', { mayCreateTables: true }],
    ['warning: The connection is not encrypted. Add sslmode=verify-full', { isEncrypted: false, isVerified: false }],
    ['warning: The connection is encrypted, but the certificate is not verified', { isVerified: false }],
    ['problem: 1 × 10 connections (DB_POOL_MAX) are more than the 9', { maxConnections: 9 }],
    ['warning: The role may open 19 connections. 1 × 10 connections', { maxConnections: 19 }],
    ['warning: The session has no statement_timeout. Set it on the role', { statementTimeoutMs: 0 }],
    ['warning: The session has no statement_timeout, because the pooler', { statementTimeoutMs: 0, isPooled: true }],
    ['warning: The clock of the database is 3.0 s ahead of the clock of this machine', { clockAheadMs: 3_000 }],
    ['warning: The clock of the database is 3.0 s behind the clock of this machine', { clockAheadMs: -3_000 }],
  ])('finds: %s', (message, facts) => {
    expect(flaws(facts)).toEqual([expect.stringContaining(message)]);
  });

  it.each<[string, Partial<DatabaseFacts>, Readonly<Record<string, string>>]>([
    ['the rights of the role in development', { isSuperuser: true }, { NODE_ENV: 'development' }],
    ['plain text on this machine', { isEncrypted: false, isVerified: false, isRemote: false }, {}],
    ['connections to a pooler', { maxConnections: 5, isPooled: true }, {}],
  ])('accepts %s', (_, facts, variables) => {
    expect(flaws(facts, variables)).toEqual([]);
  });

  it('counts the connections of all instances and workers', () => {
    expect(flaws({ maxConnections: 100 }, { DB_POOL_MAX: '30' }, 4)).toEqual([expect.stringContaining('4 × 30')]);
    expect(flaws({ maxConnections: 4 }, { DB_POOL_MAX: '1', WORKERS: '5' })).toContainEqual(
      expect.stringContaining('1 × 5'),
    );
    const share = { WORKERS: '4', GATEHOUSE_WORKER: '1/4' };
    expect(flaws({ maxConnections: 11 }, share)).toEqual([expect.stringContaining('1 × 12')]);
  });
});

describe('checkMigrations', () => {
  it('distinguishes pending migrations from those of another version', () => {
    expect(checkMigrations([], [])).toMatchObject([{ level: 'ok' }]);
    expect(checkMigrations(['A1'], ['B2'])).toMatchObject([
      { level: 'problem', message: 'Pending migrations: A1. Run npm run migration:run.' },
      { level: 'warning', message: expect.stringContaining('of another version: B2.') },
    ]);
  });
});
