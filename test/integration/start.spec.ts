import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import supertest from 'supertest';
import { stablePort } from '../support/stable-port.js';
import { until } from '../support/until.js';

const READY = 'Ctrl-C stops everything';

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** Each test goes on with what the one before it has left: the data, and from the second on what runs. */
describe('npm start', () => {
  let checkout: string;
  let present: Started;
  const running: ChildProcess[] = [];

  /** A checkout that is built and has never run. */
  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'gatehouse-start-'));
    await chmod(checkout, 0o755);
    for (const name of ['dist', 'node_modules', 'package.json']) await symlink(resolve(name), join(checkout, name));
  });
  afterAll(async () => {
    await Promise.all(running.filter((child) => child.exitCode === null && child.signalCode === null).map(stop));
    const database = await databasePid();
    if (database > 0) process.kill(database, 'SIGQUIT');
    await rm(checkout, { recursive: true, force: true });
  });

  /** Starts it, and waits for what it prints at last. */
  async function start(port: number): Promise<Started> {
    const child = spawn(process.execPath, [resolve('scripts/start.js')], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], PORT: String(port), BCRYPT_COST: '10', LOG_LEVEL: 'warn' },
    });
    running.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('it is ready', () => text.includes(READY) || child.exitCode !== null, 90_000);
    return { child, output: () => text };
  }

  async function stop(child: ChildProcess): Promise<number | null> {
    const exited = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGINT');
    const [code] = await exited;
    return code;
  }

  async function isLive(url: string): Promise<boolean> {
    const answer = await fetch(`${url}/health/live`).catch(() => null);
    return answer !== null;
  }

  /** What it printed; an empty text for what it did not. */
  function printed(output: string): { url: string; email: string; password: string } {
    const [, url = ''] = /(http:\/\/localhost:\d+)$/m.exec(output) ?? [];
    const [, email = ''] = /^ *admin +(\S+@\S+)$/m.exec(output) ?? [];
    const [, password = ''] = /^ *password +(\S+)$/m.exec(output) ?? [];
    return { url, email, password };
  }

  /** Signs in as the admin that was printed. */
  async function signIn(output: string): Promise<number> {
    const { url, email, password } = printed(output);
    const { status } = await supertest(url).post('/auth/login').send({ email, password });
    return status;
  }

  /** The process of the server whose lock is in the folder; 0 if there is none. */
  async function databasePid(): Promise<number> {
    const lock = await readFile(join(checkout, '.data/postgres/postmaster.pid'), 'utf8').catch(() => '');
    return Number(lock.split('\n')[0]);
  }

  it('makes a database and an admin on the first run, and leaves nothing running', async () => {
    const { child, output } = await start(await stablePort());
    expect(await signIn(output())).toBe(200);
    expect(await stop(child)).toBe(0);
    expect(await databasePid()).toBe(0);
  });

  it('takes the next port where one is taken, and says so; the data of the last run is still there', async () => {
    const occupied = createServer().listen(await stablePort(), '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as AddressInfo;
    try {
      present = await start(port);
    } finally {
      occupied.close();
    }
    expect(present.output()).toContain(`Port ${port} is taken. The next free one is `);
    expect(await signIn(present.output())).toBe(200);
  });

  it('starts again after everything was killed', async () => {
    const { url } = printed(present.output());
    present.child.kill('SIGKILL');
    await until('the application has noticed', async () => !(await isLive(url)), 30_000);
    process.kill(await databasePid(), 'SIGKILL');
    present = await start(await stablePort());
    expect(await signIn(present.output())).toBe(200);
  });

  it('prints no password that does not work: the admin has changed it', async () => {
    const { url, email, password } = printed(present.output());
    const { body } = await supertest(url).post('/auth/login').send({ email, password }).expect(200);
    await supertest(url)
      .post('/auth/password')
      .auth((body as { accessToken: string }).accessToken, { type: 'bearer' })
      .send({ currentPassword: password, newPassword: 'seven lanterns at dusk' })
      .expect(204);
    expect(await stop(present.child)).toBe(0);
    expect(await databasePid()).toBe(0);
    present = await start(await stablePort());
    expect(present.output()).toContain('npm run cli -- users:create-admin --email');
    expect(printed(present.output()).password).toBe('');
    expect(await stop(present.child)).toBe(0);
  });
});
