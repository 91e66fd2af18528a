import { ChildApp, START_TIMEOUT_MS } from './child-app.js';
import { until } from './until.js';

/** A line of the log. */
interface Line {
  readonly msg: string;
  readonly time: string;
  readonly worker?: number;
  readonly pid?: number;
  readonly requestId?: string;
}

/** An instance with several workers, and the state of the workers according to its log. */
export class WorkerProcesses {
  private readonly read: Line[] = [];
  private readUntil = 0;
  private hasEnded = false;

  private constructor(readonly app: ChildApp) {
    void app.exited.then(() => (this.hasEnded = true));
  }

  /** Starts the instance and waits until every worker listens. */
  static async start(env: Readonly<Record<string, string>>, workers = 2, node?: string): Promise<WorkerProcesses> {
    const app = await ChildApp.start({ WORKERS: String(workers), ...env }, undefined, node);
    const processes = new WorkerProcesses(app);
    try {
      await until('all workers listen', () => processes.listening >= workers, START_TIMEOUT_MS);
      return processes;
    } catch (error) {
      await processes.kill();
      throw error;
    }
  }

  /** Kills all processes. A suspended worker would otherwise outlive the primary. */
  async kill(): Promise<void> {
    if (!this.hasEnded) for (const pid of [this.app.pid, ...this.pids.values()]) killIfAlive(pid);
    await this.app.exited;
  }

  get lines(): readonly Line[] {
    const { log } = this.app;
    const end = log.lastIndexOf('\n') + 1;
    const lines = log.slice(this.readUntil, end).split('\n');
    this.read.push(...lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line));
    this.readUntil = end;
    return this.read;
  }

  /** The number of workers that have started to listen, including restarted ones. */
  get listening(): number {
    return this.lines.filter(({ msg, worker }) => worker && msg.startsWith('Gatehouse listens')).length;
  }

  /** The process ID of each worker, the latest one if it was restarted. */
  get pids(): Map<number, number> {
    const starts = this.lines.flatMap(({ msg, pid }) => {
      const [, number] = /^Worker (\d+) starts/.exec(msg) ?? [];
      return number && pid ? [[Number(number), pid] as const] : [];
    });
    return new Map(starts);
  }

  /** The log lines about a worker that could not start. */
  startFailures(number: number): string[] {
    return this.lines.flatMap(({ msg }) => (msg.startsWith(`Worker ${number} could not start`) ? [msg] : []));
  }

  /** The log lines about the exits of a worker. */
  ends(number: number): string[] {
    return this.lines.flatMap(({ msg }) => (msg.startsWith(`Worker ${number} exited`) ? [msg] : []));
  }

  /** The IDs, with this prefix, of the requests that a worker served. */
  answeredBy(number: number, prefix: string): string[] {
    return this.lines.flatMap(({ worker, requestId }) =>
      worker === number && requestId?.startsWith(prefix) ? [requestId] : [],
    );
  }
}

/** Returns whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has exited.
  }
}
