import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FactorBox } from '../../src/auth/factors/factor-box.js';
import { newId } from '../../src/common/id.js';
import { parseEnvironment } from '../../src/config/env.js';
import type { Finding } from '../../src/server/checks/finding.js';
import { NO_DATABASE } from '../support/constants.js';
import { MailServer } from '../support/mail-server.js';
import { RedisServer } from '../support/redis-server.js';
import { runCommand } from '../support/run-command.js';
import { runNode } from '../support/run-node.js';
import { TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const BASE = { NODE_ENV: 'production', JWT_SECRET: TEST_SECRET, HOST: '127.0.0.1', PORT: '0' };

const suiteWithRedis = RedisServer.isInstalled ? describe : describe.skip;

describe('the doctor', () => {
  let database: TestDatabase;
  let mailServer: MailServer;
  beforeAll(async () => {
    database = await TestDatabase.create();
    mailServer = await MailServer.start();
  });
  afterAll(async () => {
    await mailServer.close();
    await database.drop();
  });

  /** Returns the exit code and all findings as `level check: message`. */
  async function examine(env: Readonly<Record<string, string>>, ...args: string[]) {
    const { code, stdout } = await runCommand(['doctor', '--json', ...args], { ...BASE, ...env });
    const findings = (JSON.parse(stdout) as Finding[]).map(
      ({ level, check, message }) => `${level} ${check}: ${message}`,
    );
    return { code, findings };
  }

  it('finds no problem in a working environment', async () => {
    const env = {
      DATABASE_URL: database.url,
      SMTP_URL: mailServer.url,
      PUBLIC_URL: mailServer.url.replace('smtp', 'http'),
    };
    const id = '00000000-0000-7000-8000-000000000001';
    await database.query(`INSERT INTO users (id, email, password_hash) VALUES ($1, 'a@exämple.com', '')`, [id]);
    const { code, findings } = await examine(env);
    expect([code, findings.filter((finding) => finding.startsWith('problem'))]).toEqual([0, []]);
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ok secret: /),
        expect.stringMatching(/^warning proxy: TRUST_PROXY is not set/),
        expect.stringMatching(/^ok database: PostgreSQL \d+\.\d+, database test_\w+, schema public, role gatehouse, /),
        expect.stringMatching(/^warning database: The role gatehouse is a superuser/),
        expect.stringMatching(`^warning emails: Accounts that no request can find .*: ${id}\\.`),
        'ok migrations: All have run',
        'ok mail: 127.0.0.1 accepts connections',
        expect.stringMatching(/^warning links: .* cannot be opened from here/),
      ]),
    );
  });

  it('lists all problems of the configuration, without secrets', async () => {
    const env = {
      DATABASE_URL: 'postgresql://u:12#hunter2@db/g',
      JWT_SECRET: 'hunter2',
      SMTP_URL: 'smtp://hunter2:x#@y',
    };
    const { code, stdout } = await runCommand(['doctor'], { ...BASE, ...env });
    expect(code).toBe(1);
    expect([...stdout.matchAll(/^problem {2}configuration {2}([A-Z_]+) /gm)].map(([, name]) => name)).toEqual([
      'DATABASE_URL',
      'JWT_SECRET',
      'SMTP_URL',
      'PUBLIC_URL',
    ]);
    expect(stdout).toMatch(/\nProblems: 4\. Warnings: 1\.\n$/);
    expect(stdout).not.toContain('hunter2');
  });

  it('reports missing variables in production and the checks that it skipped', async () => {
    const { code, findings } = await examine({ JWT_SECRET: '' });
    expect([code, ...findings.slice(0, 3)]).toEqual([
      1,
      'problem configuration: DATABASE_URL is required in production',
      'problem configuration: JWT_SECRET is required in production',
      expect.stringMatching(/^warning skipped: The ports, database, .* were not checked\./),
    ]);
  });

  it('reports each server that it cannot reach', async () => {
    const { code, findings } = await examine({
      DATABASE_URL: 'postgresql://u:hunter2@127.0.0.1:1/g',
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1',
      SMTP_URL: 'smtp://u:hunter2@127.0.0.1:1',
      PUBLIC_URL: 'http://127.0.0.1:1',
    });
    expect(code).toBe(1);
    for (const check of ['database', 'redis', 'mail']) {
      expect(findings).toContainEqual(
        expect.stringMatching(`^problem ${check}: connect ECONNREFUSED 127\\.0\\.0\\.1:1\\. Check `),
      );
    }
    expect(findings.join()).not.toContain('hunter2');
  });

  it('reports ports on which it cannot listen', async () => {
    const other = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const env = { DATABASE_URL: NO_DATABASE, HOST: '192.0.2.1', METRICS_HOST: '127.0.0.1', METRICS_PORT: String(port) };
    const { findings } = await examine(env).finally(() => other.close());
    expect(findings).toContainEqual(
      expect.stringMatching(/^problem port: Cannot listen on 192\.0\.2\.1:0 \(EADDRNOTAVAIL\)\. Check HOST and PORT\./),
    );
    expect(findings).toContain(
      `warning port: Another program uses 127.0.0.1:${port}. Stop it, or change METRICS_HOST and METRICS_PORT.`,
    );
  });

  it.each<[string, (url: URL) => void, RegExp]>([
    [
      'a wrong password',
      (url) => (url.password = 'hunter2'),
      /^problem database: password authentication failed .*\. Check the user and password in DATABASE_URL\.$/,
    ],
    [
      'a missing database',
      (url) => (url.pathname = '/missing'),
      /^problem database: database "missing" does not exist\. Create the database/,
    ],
    [
      'a server without TLS',
      (url) => (url.search = 'sslmode=verify-full'),
      /^problem database: The server does not support SSL connections\. Remove sslmode/,
    ],
  ])('says what to do about %s', async (_, change, message) => {
    const url = new URL(database.url);
    change(url);
    const { code, findings } = await examine({ DATABASE_URL: url.href });
    expect([code, findings]).toEqual([1, expect.arrayContaining([expect.stringMatching(message)])]);
    expect(findings.join()).not.toContain('hunter2');
  });

  it('counts the secrets of authenticator apps that no configured key opens', async () => {
    const FACTOR_SECRET = `${TEST_SECRET}4`;
    const url = { DATABASE_URL: database.url };
    const config = parseEnvironment({ ...BASE, ...url, FACTOR_SECRET });
    const userId = newId();
    await database.query(`INSERT INTO users (id, email, password_hash) VALUES ($1, 'factors@example.com', '')`, [
      userId,
    ]);
    // One sealed with FACTOR_SECRET, and one with JWT_SECRET before it was set.
    for (const secret of [FACTOR_SECRET, null]) {
      const id = newId();
      const box = new FactorBox({ ...config, factors: { ...config.factors, secret } });
      const sealed = box.seal({ id, userId }, 'hunter2');
      const values = [id, userId, sealed];
      await database.query(
        `INSERT INTO factors (id, user_id, kind, sealed_secret) VALUES ($1, $2, 'totp', $3)`,
        values,
      );
    }
    const opened = await examine({ ...url, FACTOR_SECRET });
    expect(opened.findings).toContain('ok factors: The configured keys open 2 secrets of authenticator apps');
    for (const env of [url, { ...url, FACTOR_SECRET: `${TEST_SECRET}5` }]) {
      const { code, findings } = await examine(env);
      expect(code).toBe(1);
      expect(findings).toContainEqual(
        expect.stringMatching(/^problem factors: No configured key opens 1 of 2 secrets .* Check FACTOR_SECRET/),
      );
      expect(findings.join()).not.toMatch(/hunter2|kR7vXq2m/);
    }
    await database.query('DELETE FROM users WHERE id = $1', [userId]);
  });

  it('reports a locked table', async () => {
    const lock = 'LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE';
    const { findings } = await database.withLock(lock, () => examine({ DATABASE_URL: database.url }));
    expect(findings).toContainEqual(expect.stringMatching(/^problem database: .*lock timeout/));
  });

  it('names the servers that are missing at a failover', async () => {
    const { host } = new URL(database.url);
    const { code, findings } = await examine({ DATABASE_URL: database.url.replace(host, `127.0.0.1:1,${host}`) });
    expect(code).toBe(0);
    expect(findings).toContain(`ok servers: ${host} accepts writes`);
    expect(findings).toContainEqual(
      expect.stringMatching(/^warning servers: 127\.0\.0\.1:1 is not available for a failover: connect ECONNREFUSED/),
    );
  });

  it('reports pending migrations and those of another version', async () => {
    await database.query(`DELETE FROM migrations WHERE name LIKE 'CreateUsers%'`);
    await database.query(`INSERT INTO migrations (timestamp, name) VALUES (1, 'CreateNothing1')`);
    const { code, findings } = await examine({ DATABASE_URL: database.url });
    expect(code).toBe(1);
    expect(findings).toContainEqual(
      expect.stringMatching(/^problem migrations: Pending migrations: CreateUsers\d+\. Run npm run/),
    );
    expect(findings).toContainEqual(expect.stringMatching(/^warning migrations: .*another version: CreateNothing1\./));
  });

  suiteWithRedis('with Redis', () => {
    it('checks whether Redis accepts writes, and changes nothing', async () => {
      const redis = await RedisServer.start();
      try {
        const env = { DATABASE_URL: NO_DATABASE, REDIS_URL: redis.url };
        expect((await examine(env)).findings).toContain('ok redis: Accepts writes');
        expect(await redis.ask((client) => client.dbsize())).toBe(0);
        const { findings } = await examine({ ...env, REDIS_URL: redis.url.replace('//', '//ada:hunter2@') });
        expect(findings).toContainEqual(expect.stringMatching(/^problem redis: .* Check the user and the password/));
        await redis.ask((client) => client.replicaof('127.0.0.1', '1'));
        const replica = (await examine(env)).findings;
        expect(replica).toContainEqual(expect.stringMatching(/^problem redis: .* Set REDIS_URL to the primary/));
      } finally {
        await redis.kill();
      }
    });
  });

  it('starts no database for an invalid configuration', async () => {
    const env = { NODE_ENV: 'development', PORT: 'x' };
    const { code, stdout, stderr } = await runNode('scripts/cli.js', ['doctor'], { env });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^problem {2}configuration {2}PORT must be/);
  });
});
