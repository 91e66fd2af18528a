import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { RunningApp } from './running-app.js';
import { stablePort } from './stable-port.js';
import { TEST_SECRET } from './test-app.js';
import { until } from './until.js';

/** How long, in milliseconds, a start may take on a busy machine. */
export const START = 40_000;

const LISTENS = 'Gatehouse listens on';

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built application in a process of its own, for tests that send it signals. */
export class ChildApp extends RunningApp {
  private constructor(
    private readonly child: ChildProcess,
    private readonly output: Output,
    /** When it has ended, and everything that it had started. */
    readonly exited: Promise<Exit>,
    url: string,
  ) {
    super(url);
  }

  /** Starts it, in this folder or that of the test run, by this Node.js or another, and waits until it listens. */
  static async start(
    env: Readonly<Record<string, string>>,
    cwd = process.cwd(),
    node = process.execPath,
  ): Promise<ChildApp> {
    const port = await stablePort();
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
    const output = new Output(child);
    const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    try {
      await until('the application listens', () => output.says(LISTENS) || hasEnded(child), START);
      if (!output.says(LISTENS)) throw new Error(`The application did not start:\n${output.text}`);
      return new ChildApp(child, output, exited, `http://127.0.0.1:${port}`);
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
    return this.output.text;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it at once, as a power failure would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

/** What a process writes, in one piece. */
class Output {
  text = '';

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', this.add);
  }

  says(text: string): boolean {
    return this.text.includes(text);
  }

  private readonly add = (chunk: string): void => {
    this.text += chunk;
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
