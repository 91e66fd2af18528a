import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { OverloadedError } from './passwords.errors.js';

export interface WorkerPoolOptions {
  /** How many tasks run at once, each in a thread of its own. */
  readonly threads: number;
  /** How many tasks may wait, besides those that run. */
  readonly queue: number;
  /** How long, in milliseconds, a thread without work stays. */
  readonly idleTimeout: number;
}

/** Threads that work for the event loop at a lower priority than it has: requests and the database go first. */
const NICE = 10;

/** A bounded pool of threads that run one worker file. The first task starts the first thread. */
export class WorkerPool<Task, Result> {
  private pool: Promise<Piscina<Task, Result>> | undefined;
  private pending = 0;

  /** @param file the name of the built worker in this folder, without `.js` */
  constructor(
    private readonly file: string,
    private readonly options: WorkerPoolOptions,
  ) {}

  /**
   * Runs a task in a thread, when one is free.
   *
   * @throws OverloadedError if too many wait already
   */
  async run(task: Task): Promise<Result> {
    if (this.pending >= this.options.threads + this.options.queue) throw new OverloadedError();
    this.pending += 1;
    try {
      this.pool ??= this.start();
      return await (await this.pool).run(task);
    } finally {
      this.pending -= 1;
    }
  }

  /** Ends all threads, and what they are doing. */
  async close(): Promise<void> {
    await (await this.pool)?.destroy();
  }

  private async start(): Promise<Piscina<Task, Result>> {
    const { Piscina } = await import('piscina');
    return new Piscina<Task, Result>({
      filename: workerFile(this.file),
      minThreads: 0,
      maxThreads: this.options.threads,
      idleTimeout: this.options.idleTimeout,
      niceIncrement: NICE,
    });
  }
}

/** Threads run JavaScript only: a source that a test runs finds what was built from it. */
function workerFile(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/passwords/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
