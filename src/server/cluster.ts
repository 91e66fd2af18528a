import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { WORKER_VARIABLE } from '../config/share.js';

/** How long, in milliseconds, workers may take to end: more than a drain, if the database answers. Who is left is killed. */
const PATIENCE = 12_000;
/** A worker that ended sooner than this, in milliseconds, may do so again and again. */
const STABLE = 60_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** What ends a single process in peace ends all of them. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** The workers cannot start, or cannot end. The message is for a person. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

interface Place {
  readonly number: number;
  worker: Worker | null;
  listens: boolean;
  startedAt: number;
  /** How often in a row its worker ended soon. */
  failures: number;
  /** Why its worker could not start, in the worker's own words. */
  complaint: string | null;
  pause: NodeJS.Timeout | undefined;
}

/**
 * Runs this program in so many processes behind one port, until a signal ends them. This process accepts connections
 * and hands each to the next worker; it opens none to the database. A worker that ends is replaced.
 *
 * @throws WorkerError if they cannot all start, or did not end in time
 */
export function supervise(workers: number, logger: Logger): Promise<void> {
  // With the other policy the kernel decides, and gives most connections to a few.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  return new Supervisor(workers, logger).run();
}

/** Tells, as a worker that cannot start, the process that started it. That one ends it. */
export function reportFailure(complaint: string): void {
  cluster.worker?.send({ complaint });
}

/** How long, in milliseconds, the place of a worker stays empty that ended soon for this many times in a row. */
export function pauseAfter(failures: number): number {
  return failures < 2 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 2));
}

class Supervisor {
  private readonly places: readonly Place[];
  private hasStarted = false;
  private isEnding = false;
  private failure: WorkerError | null = null;
  private deadline: NodeJS.Timeout | undefined;
  private finish: () => void = () => undefined;

  constructor(
    workers: number,
    private readonly logger: Logger,
  ) {
    this.places = Array.from({ length: workers }, (_, index) => ({
      number: index + 1,
      worker: null,
      listens: false,
      startedAt: 0,
      failures: 0,
      complaint: null,
      pause: undefined,
    }));
  }

  async run(): Promise<void> {
    for (const signal of SIGNALS) process.on(signal, () => this.end());
    await new Promise<void>((resolve) => {
      this.finish = resolve;
      // The first that cannot start ends all, and those after it would not be told.
      for (const place of this.places) if (!this.isEnding) this.fill(place);
    });
    if (this.failure) throw this.failure;
  }

  private fill(place: Place): void {
    Object.assign(place, { listens: false, startedAt: Date.now(), complaint: null });
    try {
      this.start(place);
    } catch (error) {
      // As without memory. Node throws some errors of the system, and tells others as an event.
      this.onExit(place, (error as Error).message);
    }
  }

  private start(place: Place): void {
    const worker = cluster.fork({ [WORKER_VARIABLE]: `${place.number}/${this.places.length}` });
    place.worker = worker;
    worker.on('listening', () => this.onListening(place));
    worker.on('message', (message: unknown) => onMessage(place, message));
    worker.on('exit', (code, signal) => this.onExit(place, signal || `code ${code}`));
    // One that has no process never exits. Any other error comes with an exit, or changes nothing.
    worker.on('error', ({ message }) => worker.process.pid ?? this.onExit(place, message));
    this.logger.info({ pid: worker.process.pid }, `Worker ${place.number} starts.`);
  }

  private onListening(place: Place): void {
    place.listens = true;
    this.hasStarted ||= this.places.every(({ listens }) => listens);
  }

  private onExit(place: Place, how: string): void {
    const { number, complaint, startedAt } = place;
    place.worker = null;
    if (this.isEnding) return this.finishIfEmpty();
    if (!this.hasStarted) return this.end(complaint ?? `Worker ${number} ended before all could listen (${how}).`);
    place.failures = Date.now() - startedAt < STABLE ? place.failures + 1 : 1;
    const pause = pauseAfter(place.failures);
    const reason = complaint === null ? `ended (${how})` : `could not start: ${complaint}`;
    this.logger.error(`Worker ${number} ${reason}. Another takes its place in ${pause / 1_000} s.`);
    place.pause = setTimeout(() => this.fill(place), pause);
  }

  /** Lets each worker finish what it does, as a single process would. */
  private end(complaint?: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (complaint !== undefined) this.failure = new WorkerError(complaint);
    for (const { worker, pause } of this.places) {
      clearTimeout(pause);
      worker?.process.kill('SIGTERM');
    }
    this.deadline = setTimeout(() => this.kill(), PATIENCE);
    this.finishIfEmpty();
  }

  private kill(): void {
    const left = this.places.filter(({ worker }) => worker !== null);
    const names = left.map(({ number }) => number).join(', ');
    this.failure ??= new WorkerError(`Killed after ${PATIENCE / 1_000} s in which they did not end: workers ${names}.`);
    for (const { worker } of left) worker?.process.kill('SIGKILL');
  }

  private finishIfEmpty(): void {
    if (this.places.some(({ worker }) => worker !== null)) return;
    clearTimeout(this.deadline);
    this.finish();
  }
}

/** Ended from here, a worker that complains is gone after its complaint has arrived, and not before. */
function onMessage(place: Place, message: unknown): void {
  if (typeof message !== 'object' || message === null || !('complaint' in message)) return;
  place.complaint = String(message.complaint);
  place.worker?.process.kill('SIGKILL');
}
