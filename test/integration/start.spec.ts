import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import supertest from 'supertest';
import { placeCluster } from '../../scripts/postgres-binaries.js';
import { startCluster } from '../../scripts/postgres.js';
import type { State } from '../../scripts/environment.js';
import { ensureFirstAdmin } from '../../scripts/first-admin.js';
import { isAlive } from '../../scripts/postgres-lock.js';
import { guardChild } from '../runner/process-guard.js';
import { runNode } from '../support/run-node.js';
import { stablePort } from '../support/stable-port.js';
import { until } from '../support/until.js';

const READY = 'Ctrl-C stops everything';
/** Makes each Node.js process print its arguments. */
const PRINT_ARGUMENTS = '--import=data:text/javascript,console.log(process.argv.slice(1).join(`%20`))';
const NEW_PASSWORD = 'seven lanterns at dusk';

/** Starts twice: on a fresh checkout, and after everything was killed. Each test continues where the last one ended. */
describe('npm start', () => {
  let checkout: string;
  let port: number;
  let child: ChildProcess;
  let exited: Promise<number | null>;
  let output: string;
  const env = { BCRYPT_COST: '10', LOG_LEVEL: 'warn' };

  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'gatehouse-start-'));
    await chmod(checkout, 0o755);
    for (const name of ['dist', 'node_modules', 'package.json', 'scripts'])
      await symlink(resolve(name), join(checkout, name));
    port = await stablePort();
    const occupied = createServer().listen(port, '127.0.0.1');
    await once(occupied, 'listening');
    await start().finally(() => occupied.close());
  });
  afterAll(async () => {
    // After a failed test, they may still run.
    child.kill('SIGKILL');
    const { pid } = await database();
    if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGQUIT');
    for (const folder of [checkout, dataFolder()]) await rm(folder, { recursive: true, force: true });
  });

  /** Runs the script as npm does, which sends signals to the shell only. */
  async function run(args = '', nodeOptions = ''): Promise<void> {
    output = '';
    const { start: script } = await scripts();
    child = spawn('sh', ['-c', `${script} ${args}`], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, PATH: process.env['PATH'], PORT: String(port), NODE_OPTIONS: nodeOptions },
    });
    // On SIGTERM, npm start stops what it has started.
    guardChild(child, { signal: 'SIGTERM' });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
    exited = once(child, 'close').then(([code]) => code as number | null);
  }

  async function start(...args: Parameters<typeof run>): Promise<void> {
    await run(...args);
    await until('npm start is ready', () => output.includes(READY) || child.exitCode !== null);
    if (!output.includes(READY)) throw new Error(`npm start exited:\n${output}`);
  }

  function interrupt(): Promise<number | null> {
    child.kill('SIGINT');
    return exited;
  }

  /** Returns what the last start printed: the first group of the pattern, or an empty string. */
  const printed = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? '';
  const url = () => printed(/(http:\/\/localhost:\d+)$/m);
  const password = () => printed(/^ *password +(\S+)$/m);
  const signIn = (email: string, secret: string) =>
    supertest(url()).post('/auth/login').send({ email, password: secret });
  const isLive = async () => (await fetch(`${url()}/health/live`).catch(() => null)) !== null;

  /** Not below the checkout if PostgreSQL cannot enter that. */
  const dataFolder = () => placeCluster(join(checkout, '.data/postgres')).data;

  /** Returns the process and the port of PostgreSQL from its pid file, or zeros if it does not run. */
  async function database(): Promise<{ pid: number; port: number }> {
    const file = await readFile(join(dataFolder(), 'postmaster.pid'), 'utf8').catch(() => '');
    const lines = file.split('\n').map(Number);
    return { pid: lines[0] ?? 0, port: lines[3] ?? 0 };
  }

  it('creates a database and an admin who can sign in', async () => {
    expect(printed(/^ *admin +(\S+)$/m)).toBe('admin@example.com');
    await signIn('admin@example.com', password()).expect(200);
  });

  it('uses the next free port if the configured one is in use', () => {
    expect(output).toContain(`Port ${port} is in use. The next free port is ${new URL(url()).port}.`);
  });

  it('shares its database with a command that runs meanwhile', async () => {
    const { pid } = await database();
    const args = ['users:create-admin', '--email', 'second@example.com', '--password-stdin'];
    const options = { cwd: checkout, env: { ...env, NODE_ENV: 'development' }, input: NEW_PASSWORD };
    const { code, stdout } = await runNode(resolve('scripts/cli.js'), args, options);
    expect([code, stdout]).toEqual([0, 'Created admin second@example.com\n']);
    expect((await database()).pid).toBe(pid);
    await signIn('second@example.com', NEW_PASSWORD).expect(200);
  });

  it('prints the generated password until the admin changes it', async () => {
    const state = JSON.parse(await readFile(join(checkout, '.data/development.json'), 'utf8')) as State;
    const { port: databasePort } = await database();
    const databaseUrl = `postgresql://gatehouse:${state.databasePassword}@127.0.0.1:${databasePort}/gatehouse`;
    Object.assign(process.env, { ...env, DATABASE_URL: databaseUrl, JWT_SECRET: state.jwtSecret });
    expect(await ensureFirstAdmin(state, new AbortController().signal)).toContain(`password  ${password()}`);

    const { body } = await signIn('admin@example.com', password()).expect(200);
    await supertest(url())
      .post('/auth/password')
      .auth((body as { accessToken: string }).accessToken, { type: 'bearer' })
      .send({ currentPassword: password(), newPassword: NEW_PASSWORD })
      .expect(204);
  });

  it('names the folder and the process of a running database with another password', async () => {
    const { pid } = await database();
    await expect(startCluster({ folder: join(checkout, '.data/postgres'), password: 'unknown' })).rejects.toThrow(
      `To start with an empty database, stop process ${pid} and delete ${dataFolder()}\n`,
    );
  });

  it('starts again after everything was killed, with the data of the first start', async () => {
    child.kill('SIGKILL');
    await until('the application has stopped', async () => !(await isLive()));
    const { pid } = await database();
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, 'SIGKILL');
    // As if npm start was killed while it stopped the database.
    await writeFile(`${dataFolder()}.lock`, String(child.pid));
    await start('--verbose', PRINT_ARGUMENTS);
    await signIn('admin@example.com', NEW_PASSWORD).expect(200);
    expect(password()).toBe('');
    expect(output).toContain('npm run cli -- users:create-admin --email');
  });

  it('stops the application and the database on Ctrl-C', async () => {
    expect(await interrupt()).toBe(0);
    expect([await isLive(), (await database()).pid]).toEqual([false, 0]);
  });

  it('passes its arguments to the application', () => {
    expect(output).toMatch(/dist\/src\/main\.js --verbose$/m);
  });

  it('names the folder of a database whose password was deleted, and keeps the data', async () => {
    await rm(join(checkout, '.data/development.json'));
    await run();
    expect(await exited).toBe(1);
    const folder = dataFolder();
    expect(output).toContain(`To start with an empty database, delete ${folder}\n`);
    expect([(await database()).pid, existsSync(join(folder, 'PG_VERSION'))]).toEqual([0, true]);
  });
});

describe.each(['start', 'start:dev', 'start:prod'] as const)('npm run %s', (name) => {
  // cmd.exe runs both sides of `&` and has no `exec`.
  it('runs the same command in cmd.exe and other shells, and appends arguments', async () => {
    const script = (await scripts())[name];
    const [, inCmd] = script.split('&');
    expect(script).toBe(`exec env _=\\&${inCmd}`);
    expect(inCmd).toMatch(/^ node [\w\s./-]+$/);
  });
});

async function scripts(): Promise<Record<'start' | 'start:dev' | 'start:prod', string>> {
  const { scripts: all } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Awaited<ReturnType<typeof scripts>>;
  };
  return all;
}
