import { randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions } from '../../src/platform/database/database.options.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { LogLines } from '../support/log-lines.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { CertificateFolder, hasOpenssl, TlsServer, type Certificate } from '../support/tls-server.js';

const FUTURE = '20991231000000Z';
const PAST = '20210101000000Z';
if (!hasOpenssl) console.warn('openssl is not installed. The tests of TLS errors are skipped.');

/** Connects as the application does. Returns the code of the error, and the warning that explains it. */
async function failureOf(url: string): Promise<{ code: unknown; warnings: string[] }> {
  const warnings: string[] = [];
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void warnings.push(line));
  const { database } = parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET: TEST_SECRET });
  const dataSource = await new LazyDataSource(databaseOptions(database)).initialize();
  try {
    await dataSource.query('SELECT 1');
    return { code: null, warnings };
  } catch (error) {
    return { code: (error as { code?: unknown }).code, warnings };
  } finally {
    await dataSource.destroy();
    warn.mockRestore();
  }
}

describe('a connection to the database that fails', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.create({ empty: true })));
  afterAll(() => database.drop());

  const changed = (change: (url: URL) => void) => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };

  it.each([
    [
      'a wrong password',
      (url: URL) => (url.password = 'wrong'),
      /password authentication.*Check the user and password/,
    ],
    ['an unknown database', (url: URL) => (url.pathname = '/missing'), /"missing" does not exist.*Create the database/],
    ['a server without TLS', (url: URL) => (url.search = 'sslmode=verify-full'), /not support SSL.*Remove sslmode/],
  ])('because of %s is an outage, and a warning says what to do', async (_, change, warning) => {
    const { code, warnings } = await failureOf(changed(change));
    expect(code).toBe('database_unavailable');
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('because of an unknown host is an outage, and a warning says what to do', async () => {
    // A DNS server that does not respond would let the connection time out.
    const lookup = jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((host: string, _: unknown, done: (error: Error) => void) =>
        done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))) as typeof dns.lookup);
    const { code, warnings } = await failureOf(changed((url) => (url.hostname = 'db.invalid')));
    lookup.mockRestore();
    expect(code).toBe('database_unavailable');
    expect(warnings).toEqual([expect.stringMatching(/db\.invalid.*Check the host name/)]);
  });

  it('because of too many connections is an outage, with advice in the log', async () => {
    const role = `limited_${randomBytes(6).toString('hex')}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 0`);
    const { code, warnings } = await failureOf(
      changed((url) => Object.assign(url, { username: role, password: 'secret' })),
    );
    await database.query(`DROP ROLE ${role}`);
    expect(code).toBe('database_unavailable');
    expect(warnings).toEqual([expect.stringMatching(/too many connections.*Lower DB_POOL_MAX/)]);
  });

  it('because another protocol answers is an outage', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code } = await failureOf(`postgresql://127.0.0.1:${port}/gatehouse`);
    server.close();
    expect(code).toBe('database_unavailable');
  });
});

(hasOpenssl ? describe : describe.skip)('a certificate of the database', () => {
  const folder = new CertificateFolder();
  let database: TestDatabase;
  let valid: Certificate;
  beforeAll(async () => {
    database = await TestDatabase.create({ empty: true });
    valid = folder.create('valid', 'localhost', FUTURE);
  });
  afterAll(async () => {
    folder.remove();
    await database.drop();
  });

  const urlOf = ({ port }: TlsServer, authority?: string) =>
    `postgresql://u:p@localhost:${port}/g?sslmode=verify-full${authority ? `&sslrootcert=${authority}` : ''}`;

  it.each([
    ['with another name', () => folder.create('other', 'db.example.com', FUTURE), /altnames.*sslrootcert/],
    ['that has expired', () => folder.create('expired', 'localhost', PAST), /expired.*sslrootcert/],
  ])('%s is an outage, and a warning says what to do', async (_, create, warning) => {
    const certificate = create();
    const server = await TlsServer.start(certificate);
    const { code, warnings } = await failureOf(urlOf(server, certificate.path));
    server.close();
    expect(code).toBe('database_unavailable');
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('of an unknown authority causes 503 and one line that names sslrootcert', async () => {
    const log = new LogLines();
    const server = await TlsServer.start(valid);
    const app = await TestApp.start({ database, log, env: { DATABASE_URL: urlOf(server) } });
    const body = { email: 'ada@example.com', password: 'seven lanterns at dusk' };
    const answers: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const answer = await app.request.post('/auth/login').send(body);
      answers.push(`${answer.status} ${answer.body.code}`);
    }
    await app.close();
    server.close();
    expect(new Set(answers)).toEqual(new Set(['503 database_unavailable']));
    const lines = log.records.filter(({ level, context }) => level !== 'debug' && context === 'Database');
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/self-signed certificate\. .*sslmode=verify-full&sslrootcert=/),
    ]);
    expect(log.text).not.toContain('stack');
  });
});
