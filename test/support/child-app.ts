import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { freePort } from '../../scripts/postgres-client.js';
import { RunningApp } from './running-app.js';
import { TEST_SECRET } from './test-app.js';
import { until } from './until.js';

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built application in a process of its own, for tests that send it signals. */
export class ChildApp extends RunningApp {
  private output = '';
  readonly exited: Promise<Exit>;

  private constructor(
    private readonly child: ChildProcess,
    url: string,
  ) {
    super(url);
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Starts it, in this folder or that of the test run, by this Node.js or another, and waits until it answers. */
  static async start(
    env: Readonly<Record<string, string>>,
    cwd = process.cwd(),
    node = process.execPath,
  ): Promise<ChildApp> {
    const port = await freePort();
    const { PATH = '' } = process.env;
    const child = spawn(node, ['--enable-source-maps', resolve('dist/src/main.js')], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        NODE_ENV: 'test',
        HOST: '127.0.0.1',
        PORT: String(port),
        JWT_SECRET: TEST_SECRET,
        BCRYPT_COST: '4',
        RATE_LIMIT_ENABLED: 'false',
        ...env,
      },
    });
    const app = new ChildApp(child, `http://127.0.0.1:${port}`);
    try {
      await until('the application is live', () => app.isLive(), 20_000);
      return app;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number {
    return Number(this.child.pid);
  }

  /** All that it wrote so far. */
  get log(): string {
    return this.output;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it at once, as a power failure would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  private async isLive(): Promise<boolean> {
    if (this.child.exitCode !== null) throw new Error(`The application did not start:\n${this.output}`);
    const answer = await fetch(`${this.url}/health/live`).catch(() => null);
    return answer?.ok === true;
  }
}
