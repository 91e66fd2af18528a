import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import supertest from 'supertest';
import { freePort } from '../../scripts/postgres-client.js';
import { until } from '../support/until.js';

const READY = 'Ctrl-C stops everything';

describe('npm start', () => {
  let checkout: string;
  const running: ChildProcess[] = [];

  /** A checkout that is built and has never run. */
  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'gatehouse-start-'));
    await chmod(checkout, 0o755);
    for (const name of ['dist', 'node_modules', 'package.json']) await symlink(resolve(name), join(checkout, name));
  });
  afterAll(async () => {
    await Promise.all(running.filter((child) => child.exitCode === null && child.signalCode === null).map(stop));
    await rm(checkout, { recursive: true, force: true });
  });

  /** Starts it, and waits for what it prints at last. */
  async function start(port: number): Promise<{ child: ChildProcess; output: () => string }> {
    const child = spawn(process.execPath, [resolve('scripts/start.js')], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], PORT: String(port), BCRYPT_COST: '10', LOG_LEVEL: 'warn' },
    });
    running.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('it is ready', () => text.includes(READY) || child.exitCode !== null, 60_000);
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

  /** Whether the server whose lock is in the folder still runs. */
  async function hasDatabase(): Promise<boolean> {
    const lock = await readFile(join(checkout, '.data/postgres/postmaster.pid'), 'utf8').catch(() => '');
    return lock !== '';
  }

  it('makes a database and an admin on the first run, and leaves nothing running', async () => {
    const { child, output } = await start(await freePort());
    expect(await signIn(output())).toBe(200);
    expect(await stop(child)).toBe(0);
    expect(await hasDatabase()).toBe(false);
  }, 90_000);

  it('takes the next port where one is taken, and says so; the data of the last run is still there', async () => {
    const occupied = createServer().listen(await freePort(), '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as { port: number };
    const { child, output } = await start(port);
    occupied.close();
    expect(output()).toContain(`Port ${port} is taken. The next free one is `);
    expect(await signIn(output())).toBe(200);
    await stop(child);
  }, 90_000);

  it('starts again after everything was killed', async () => {
    const { child, output } = await start(await freePort());
    const database = Number((await readFile(join(checkout, '.data/postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
    const { url } = printed(output());
    child.kill('SIGKILL');
    await until('the application has noticed', async () => !(await isLive(url)), 15_000);
    process.kill(database, 'SIGKILL');
    const again = await start(await freePort());
    expect(await signIn(again.output())).toBe(200);
    expect(await stop(again.child)).toBe(0);
    expect(await hasDatabase()).toBe(false);
  }, 90_000);

  it('prints no password that does not work: the admin has changed it', async () => {
    const { child, output } = await start(await freePort());
    const { url, email, password } = printed(output());
    const { body } = await supertest(url).post('/auth/login').send({ email, password }).expect(200);
    await supertest(url)
      .post('/auth/password')
      .auth((body as { accessToken: string }).accessToken, { type: 'bearer' })
      .send({ currentPassword: password, newPassword: 'seven lanterns at dusk' })
      .expect(204);
    await stop(child);
    const again = await start(await freePort());
    expect(again.output()).toContain('npm run cli -- users:create-admin --email');
    expect(printed(again.output()).password).toBe('');
    await stop(again.child);
  }, 90_000);
});
