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

/** What a worker file exports: functions of one argument, which can be copied to another thread, as the result can. */
type Tasks<Worker> = { [Name in keyof Worker]: (task: never) => unknown };

/**
 * A low priority (nice(2)): the event loop and the database on the same processors are served first. The lowest, 19,
 * serves them no better, and Linux then leaves processors idle.
 */
const NICE = 10;
/** How long, in milliseconds, a shutdown leaves to what waits. Less than what requests under way are given. */
const PATIENCE = 5_000;

/** A bounded pool of threads that run the functions of one worker file. The first task starts the first thread. */
export class WorkerPool<Worker extends Tasks<Worker>> {
  private pool: Promise<Piscina> | undefined;
  private pending = 0;
  private ending = false;
  private patience: NodeJS.Timeout | undefined;

  /** @param file the name of the worker in this folder, without its extension */
  constructor(
    private readonly file: string,
    private readonly options: WorkerPoolOptions,
  ) {}

  /**
   * Runs one of the worker's functions in a thread, when one is free.
   *
   * @throws OverloadedError if too many wait already, or the application ends before its turn comes
   */
  async run<Name extends keyof Worker & string>(
    name: Name,
    task: Parameters<Worker[Name]>[0],
  ): Promise<ReturnType<Worker[Name]>> {
    const { threads, queue } = this.options;
    if (this.isEnding() || this.pending >= threads + queue) throw new OverloadedError();
    this.pending += 1;
    try {
      const pool = await (this.pool ??= this.start());
      // A pool that has ended would start again.
      if (this.isEnding()) throw new OverloadedError();
      return (await pool.run(task, { name })) as ReturnType<Worker[Name]>;
    } catch (error) {
      throw this.isEnding() ? new OverloadedError() : error;
    } finally {
      this.pending -= 1;
    }
  }

  /** Lets what waits have a moment, and then answers it: so many may wait that a shutdown cannot. */
  closeSoon(): void {
    this.patience = setTimeout(() => void this.close(), PATIENCE);
  }

  /** Ends all threads, and what they are doing. */
  async close(): Promise<void> {
    clearTimeout(this.patience);
    this.ending = true;
    await (await this.pool)?.destroy();
  }

  private isEnding(): boolean {
    return this.ending;
  }

  private async start(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    return new Piscina({
      filename: workerFile(this.file),
      minThreads: 0,
      maxThreads: this.options.threads,
      idleTimeout: this.options.idleTimeout,
      niceIncrement: NICE,
      // Without it, a task that finds no thread free goes back to the end of the queue.
      stricterFIFO: true,
    });
  }
}

/** Threads run JavaScript only: a source that a test runs finds what was built from it. */
function workerFile(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../../dist/src/platform/passwords/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
