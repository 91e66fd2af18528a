import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { guardChild } from '../runner/process-guard.js';
import { RunningApp } from './running-app.js';
import { stablePort } from './stable-port.js';
import { TEST_SECRET } from './test-app.js';
import { until } from './until.js';

/** A start may take this long on a busy machine. */
export const START_TIMEOUT_MS = 120_000;

const LISTENS = 'Gatehouse listens on';

/** The exit of a process, with a code or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs the built application in a separate process, for tests that send it signals. */
export class ChildApp extends RunningApp {
  private constructor(
    private readonly child: ChildProcess,
    private readonly output: Output,
    /** Resolves when the process and all processes that it started have exited. */
    readonly exited: Promise<Exit>,
    url: string,
  ) {
    super(url);
  }

  /**
   * Starts the application, by default in the current folder with the current Node.js, and waits until it listens.
   *
   * @param args of Node.js
   */
  static async start(
    env: Readonly<Record<string, string>>,
    cwd = process.cwd(),
    node = process.execPath,
    args: readonly string[] = ['--enable-source-maps', resolve('dist/src/main.js')],
  ): Promise<ChildApp> {
    const port = env['PORT'] ?? (await stablePort());
    const { PATH = '' } = process.env;
    const child = spawn(node, args, {
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
    guardChild(child);
    const output = new Output(child);
    const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    try {
      await until('the application listens', () => output.says(LISTENS) || hasEnded(child), START_TIMEOUT_MS);
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

  /** The output so far. */
  get log(): string {
    return this.output.text;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Kills the process without a graceful shutdown. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

/** Collects the output of a process. */
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
