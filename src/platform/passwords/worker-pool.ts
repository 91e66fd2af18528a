import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import type { PendingResponse } from '../../common/client.js';
import { OverloadedError } from '../../common/domain.error.js';
import { Slots } from '../../common/slots.js';
import { threadTaskSeconds } from './passwords.metrics.js';

export interface WorkerPoolOptions {
  readonly threads: number;
  /** How many tasks may wait for a thread. */
  readonly maxWaiting: number;
  readonly idleTimeoutMs: number;
}

/** The exports of a worker file: functions with one argument. Argument and result are copied between threads. */
type Tasks<Worker> = { [Name in keyof Worker]: (task: never) => unknown };

/** A low priority (nice(2)), so that requests and the database go first. With 19, Linux leaves processors idle. */
const NICENESS = 10;
/** Shorter than the time that running requests get at shutdown. */
const SHUTDOWN_GRACE_MS = 5_000;

/** Runs the functions of a worker file in threads, with a bounded queue. Starts them on demand. */
export class WorkerPool<Worker extends Tasks<Worker>> {
  private pool: Promise<Piscina> | undefined;
  private readonly slots: Slots;
  private closed = false;
  private deadline: NodeJS.Timeout | undefined;

  /** @param file the name of a worker file in this folder, without extension */
  constructor(
    private readonly file: string,
    private readonly options: WorkerPoolOptions,
  ) {
    this.slots = new Slots({ slots: options.threads, maxWaiting: options.maxWaiting });
  }

  /** The number of tasks that wait for a thread. */
  get waiting(): number {
    return this.slots.waiting;
  }

  isFull(): boolean {
    return this.slots.isFull();
  }

  /**
   * Runs one function of the worker file.
   *
   * @param response of the request that needs the result, if any
   * @throws OverloadedError if the queue is full or the pool is closed
   * @throws RequestTimeoutError if the client no longer waits when a thread is free
   */
  async run<Name extends keyof Worker & string>(
    name: Name,
    task: Parameters<Worker[Name]>[0],
    response?: PendingResponse,
  ): Promise<ReturnType<Worker[Name]>> {
    if (this.isClosed()) throw new OverloadedError();
    const start = performance.now();
    await this.slots.acquire(response);
    try {
      const pool = await (this.pool ??= this.start());
      // A destroyed pool would start again.
      if (this.isClosed()) throw new OverloadedError();
      const result = (await pool.run(task, { name })) as ReturnType<Worker[Name]>;
      threadTaskSeconds.observe((performance.now() - start) / 1_000, { pool: this.file });
      return result;
    } catch (error) {
      throw this.isClosed() ? new OverloadedError() : error;
    } finally {
      this.slots.release();
    }
  }

  /** Closes the pool after a grace period. The queue may be too long to wait for its end. */
  closeLater(): void {
    this.deadline = setTimeout(() => void this.close(), SHUTDOWN_GRACE_MS);
  }

  /** Stops all threads. Running and waiting tasks fail with `OverloadedError`. */
  async close(): Promise<void> {
    clearTimeout(this.deadline);
    this.closed = true;
    await (await this.pool)?.destroy();
  }

  /** A method, because TypeScript assumes that a property does not change during an `await`. */
  private isClosed(): boolean {
    return this.closed;
  }

  private async start(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    return new Piscina({
      filename: workerFile(this.file),
      minThreads: 0,
      maxThreads: this.options.threads,
      idleTimeout: this.options.idleTimeoutMs,
      niceIncrement: NICENESS,
    });
  }
}

/** Threads run JavaScript only, so tests, which run the sources, use the build. */
function workerFile(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../../dist/src/platform/passwords/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
