import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import type { Config } from '../config/env.js';
import { WORKER_VARIABLE } from '../config/share.js';
import { onStopSignals } from './stop-signals.js';

/** Longer than a worker drains after `SHUTDOWN_DELAY` while the database responds. */
export const WORKER_DRAIN_TIMEOUT_MS = 12_000;
/** A worker that exits sooner than this may be unable to run, so its restarts are delayed. */
const STABLE_AFTER_MS = 60_000;
const FIRST_RESTART_DELAY_MS = 500;
const MAX_RESTART_DELAY_MS = 30_000;

/** The workers could not start or stop. `main` prints the message without a stack. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/** One of the `WORKERS`. If its worker exits, another one is started in the same slot. */
interface Slot {
  readonly number: number;
  worker: Worker | null;
  isListening: boolean;
  startedAt: number;
  earlyExits: number;
  /** Why the worker could not start, as reported by `reportFailure`. */
  failureReason: string | null;
  restart: NodeJS.Timeout | undefined;
}

/**
 * Runs the program in several processes behind one port, until a signal stops them. This process accepts connections
 * and passes each to the next worker. It does not use the database. Workers that exit are replaced.
 *
 * @throws WorkerError if not all workers start, or if they do not stop in time
 */
export function supervise(config: Config, logger: Logger): Promise<void> {
  // Otherwise the kernel distributes the connections, and gives most of them to a few workers.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  return new Supervisor(config, logger).run();
}

/** Reports to the supervisor that this worker cannot start. The supervisor then kills it. */
export function reportFailure(failureReason: string): void {
  cluster.worker?.send({ failureReason });
}

class Supervisor {
  private readonly slots: readonly Slot[];
  private readonly shutdownTimeoutMs: number;
  private hasStarted = false;
  private isStopping = false;
  private error: WorkerError | null = null;
  private killTimer: NodeJS.Timeout | undefined;
  private onStopped: () => void = () => undefined;

  constructor(
    { workers, http }: Config,
    private readonly logger: Logger,
  ) {
    this.shutdownTimeoutMs = http.shutdownDelay + WORKER_DRAIN_TIMEOUT_MS;
    this.slots = Array.from({ length: workers }, (_, index) => ({
      number: index + 1,
      worker: null,
      isListening: false,
      startedAt: 0,
      earlyExits: 0,
      failureReason: null,
      restart: undefined,
    }));
  }

  async run(): Promise<void> {
    onStopSignals(
      () => this.stop(),
      () => this.killWorkers('A second signal killed workers'),
    );
    await new Promise<void>((resolve) => {
      this.onStopped = resolve;
      // A failed fork stops the workers. One that is forked later would not be stopped.
      for (const slot of this.slots) if (!this.isStopping) this.startWorker(slot);
    });
    if (this.error) throw this.error;
  }

  private startWorker(slot: Slot): void {
    Object.assign(slot, { isListening: false, startedAt: Date.now(), failureReason: null });
    let worker: Worker;
    try {
      worker = cluster.fork({ [WORKER_VARIABLE]: `${slot.number}/${this.slots.length}` });
    } catch (error) {
      // Node throws some system errors, and emits others as `error` events.
      return this.onExit(slot, (error as Error).message);
    }
    slot.worker = worker;
    worker.on('listening', () => this.onListening(slot));
    worker.on('message', (message: unknown) => onMessage(slot, message));
    worker.on('exit', (code, signal) => this.onExit(slot, signal || `code ${code}`));
    worker.on('error', ({ message }) => {
      // Without a process there is no `exit` event. Otherwise one follows, or the worker goes on.
      if (worker.process.pid === undefined) this.onExit(slot, message);
    });
    this.logger.info({ pid: worker.process.pid }, `Worker ${slot.number} starts.`);
  }

  private onListening(slot: Slot): void {
    slot.isListening = true;
    this.hasStarted ||= this.slots.every(({ isListening }) => isListening);
  }

  private onExit(slot: Slot, cause: string): void {
    const { number, failureReason, startedAt } = slot;
    slot.worker = null;
    if (this.isStopping) return this.resolveIfStopped();
    if (!this.hasStarted) {
      return this.stop(failureReason ?? `Worker ${number} exited before all workers were listening (${cause}).`);
    }
    slot.earlyExits = Date.now() - startedAt < STABLE_AFTER_MS ? slot.earlyExits + 1 : 1;
    const delay = restartDelay(slot.earlyExits);
    const reason = failureReason === null ? `exited (${cause})` : `could not start: ${failureReason}`;
    this.logger.error(`Worker ${number} ${reason}. It is restarted in ${delay / 1_000} s.`);
    slot.restart = setTimeout(() => this.startWorker(slot), delay);
  }

  /** Lets each worker drain, as a single process does. */
  private stop(failureReason?: string): void {
    if (this.isStopping) return;
    this.isStopping = true;
    if (failureReason !== undefined) this.error = new WorkerError(failureReason);
    for (const { worker, restart } of this.slots) {
      clearTimeout(restart);
      worker?.process.kill('SIGTERM');
    }
    const cause = `Killed workers that did not stop in ${this.shutdownTimeoutMs / 1_000} s`;
    this.killTimer = setTimeout(() => this.killWorkers(cause), this.shutdownTimeoutMs);
    this.resolveIfStopped();
  }

  private killWorkers(cause: string): void {
    const running = this.slots.filter(({ worker }) => worker !== null);
    const numbers = running.map(({ number }) => number).join(', ');
    this.error ??= new WorkerError(`${cause}: ${numbers}.`);
    for (const { worker } of running) worker?.process.kill('SIGKILL');
  }

  private resolveIfStopped(): void {
    if (this.slots.some(({ worker }) => worker !== null)) return;
    clearTimeout(this.killTimer);
    this.onStopped();
  }
}

/** Kills a worker that reports a failure. A worker that exited by itself might exit before its message arrives. */
function onMessage(slot: Slot, message: unknown): void {
  if (typeof message !== 'object' || message === null || !('failureReason' in message)) return;
  slot.failureReason = String(message.failureReason);
  slot.worker?.process.kill('SIGKILL');
}

/** Restarts immediately after the first early exit. The delay then doubles with each further one. */
function restartDelay(earlyExits: number): number {
  return earlyExits < 2 ? 0 : Math.min(MAX_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** (earlyExits - 2));
}
