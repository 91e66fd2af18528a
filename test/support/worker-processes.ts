import { ChildApp } from './child-app.js';
import { until } from './until.js';

/** The lines of the log that are read here. */
interface Line {
  readonly msg: string;
  readonly time: string;
  readonly worker?: number;
  readonly pid?: number;
  readonly requestId?: string;
}

/** An instance of several workers, and what its log tells of them. */
export class WorkerProcesses {
  private constructor(readonly app: ChildApp) {}

  /** Starts it, and waits until every worker listens. */
  static async start(env: Readonly<Record<string, string>>, workers = 2, node?: string): Promise<WorkerProcesses> {
    const app = await ChildApp.start({ WORKERS: String(workers), ...env }, undefined, node);
    const processes = new WorkerProcesses(app);
    await until('all workers listen', () => processes.listening >= workers, 20_000);
    return processes;
  }

  get lines(): Line[] {
    const whole = this.app.log.split('\n').slice(0, -1);
    return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  }

  /** How many have begun to listen since the start. */
  get listening(): number {
    return this.lines.filter(({ msg, worker }) => worker && msg.startsWith('Gatehouse listens')).length;
  }

  /** The process of each worker; of those that were replaced, the last one. */
  get pids(): Map<number, number> {
    const starts = this.lines.flatMap(({ msg, pid }) => {
      const [, number] = /^Worker (\d+) starts/.exec(msg) ?? [];
      return number && pid ? [[Number(number), pid] as const] : [];
    });
    return new Map(starts);
  }

  /** What the log says of a worker that could not start. */
  complaints(number: number): string[] {
    return this.lines.flatMap(({ msg }) => (msg.startsWith(`Worker ${number} could not start`) ? [msg] : []));
  }

  /** How long, in milliseconds, the place of a worker stayed empty the last time. */
  gap(number: number): number {
    const last = (start: string) => Date.parse(this.lines.findLast(({ msg }) => msg.startsWith(start))?.time ?? '');
    return last(`Worker ${number} starts`) - last(`Worker ${number} ended`);
  }

  /** The ids of the requests that a worker answered. */
  answeredBy(number: number): Set<string> {
    return new Set(this.lines.flatMap(({ worker, requestId }) => (worker === number && requestId ? [requestId] : [])));
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
