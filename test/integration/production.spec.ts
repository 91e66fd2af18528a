import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildApp } from '../support/child-app.js';
import { NO_DATABASE } from '../support/constants.js';
import { runNode } from '../support/run-node.js';
import { TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

describe('in production', () => {
  let database: TestDatabase;
  let app: ChildApp;
  let folder: string;
  beforeAll(async () => {
    database = await TestDatabase.create();
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-secrets-'));
    const files = { DATABASE_URL: join(folder, 'database_url'), JWT_SECRET: join(folder, 'jwt_secret') };
    await writeFile(files.DATABASE_URL, `${database.url}\n`);
    await writeFile(files.JWT_SECRET, `${TEST_SECRET}\n`);
    const npm = process.env['npm_execpath'];
    if (!npm) throw new Error('Run the tests with npm, because this one runs an npm script.');
    const env = {
      NODE_ENV: '',
      DATABASE_URL_FILE: files.DATABASE_URL,
      JWT_SECRET: '',
      JWT_SECRET_FILE: files.JWT_SECRET,
      BCRYPT_COST: '10',
      HOST: '',
      // Makes each Node.js process print its arguments.
      NODE_OPTIONS: '--import=data:text/javascript,console.log(process.argv.slice(1).join(`%20`))',
    };
    app = await ChildApp.start(env, undefined, undefined, [npm, 'run', '--silent', 'start:prod', '--', '--verbose']);
  });
  afterAll(async () => {
    await app.kill();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('reads secrets from files', async () => {
    await app.request.get('/health/db').expect(200);
  });

  it('has no account until someone creates one', async () => {
    await app.request.get('/health/ready').expect(200);
    expect(await database.query('SELECT email FROM users')).toEqual([]);
  });

  it('passes the arguments of npm run start:prod to the application', () => {
    expect(app.log).toMatch(/scripts\/start-prod\.js --verbose$/m);
  });

  it('listens on every IP address and logs it', () => {
    expect(app.log).toMatch(/Gatehouse listens on http:\/\/0\.0\.0\.0:\d+"/);
  });

  it('warns about a database role that may do everything', async () => {
    await until('the database is checked', () => app.log.includes('is a superuser'));
    expect(app.log).toContain('The role gatehouse is a superuser. Use a role that only reads and writes rows.');
  });

  it('warns about a proxy that is not trusted', () => {
    expect(app.log).toContain('TRUST_PROXY is not set. Behind a proxy');
  });

  it('logs no secret of its settings', () => {
    expect(app.log).not.toContain(TEST_SECRET);
    expect(app.log).not.toContain(new URL(database.url).password);
  });

  it.each(['/docs', '/openapi.json'])('does not serve %s by default', async (path) => {
    const { body } = await app.request.get(path).expect(404);
    expect(body.code).toBe('not_found');
  });

  it.each([
    ['no', ''],
    ['a short', 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAe'],
    ['a placeholder', 'changeme-changeme-changeme-changeme'],
    ['a published', 'a-string-secret-at-least-256-bits-long'],
  ])('does not start with %s secret', async (_, secret) => {
    const env = { NODE_ENV: 'production', DATABASE_URL: NO_DATABASE, JWT_SECRET: secret, PORT: '0' };
    const { code, stderr } = await runNode('dist/src/main.js', [], { env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('JWT_SECRET')]);
  });

  it('lists all wrong settings in one message, with exit code 1, and starts nothing', async () => {
    const env = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgresql://app:12#hunter2@db/gatehouse',
      JWT_SECRET_FILE: join(folder, 'missing'),
      SMTP_URL: 'smtp://mail:hunter2/@mail.example.com',
      WORKERS: '2',
      PORT: '0',
    };
    const { code, stdout, stderr } = await runNode('dist/src/main.js', [], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).not.toContain('hunter2');
    expect([...stderr.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name)).toEqual([
      'JWT_SECRET_FILE',
      'DATABASE_URL',
      'SMTP_URL',
      'PORT',
      'PUBLIC_URL',
    ]);
  });

  it('reports a host that is not on this machine in one line', async () => {
    const env = { NODE_ENV: 'production', DATABASE_URL: NO_DATABASE, JWT_SECRET: TEST_SECRET, HOST: '192.0.2.1' };
    const { code, stderr } = await runNode('dist/src/main.js', [], { env });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^The server cannot listen. Check HOST and PORT: listen EADDRNOTAVAIL.*192\.0\.2\.1:3000\n$/,
      ),
    ]);
  });

  it('drains and exits with code 0 when npm run start:prod gets SIGTERM', async () => {
    app.signal('SIGTERM');
    expect(await app.exited).toEqual({ code: 0, signal: null });
  });
});
