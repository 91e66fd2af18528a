import { Logger } from '@nestjs/common';
import { describeOutage } from './connect-errors.js';
import { DatabaseUnavailableError } from './pg-errors.js';

/** An outage has ended if no statement has failed for this long. During a failover, some succeed and others fail. */
const QUIET_MS = 5_000;

/** Logs each outage of the database once when it starts and once when it ends. */
export class OutageLog {
  private readonly logger = new Logger('Database');
  private startedAt: number | undefined;
  /** When statements first succeeded again. */
  private recoveredAt: number | undefined;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;

  /** Returns the error to throw. */
  recordFailure(cause: Error): DatabaseUnavailableError {
    const isNew = this.startedAt === undefined;
    this.logger[isNew ? 'warn' : 'debug'](`Database unavailable: ${describeOutage(cause)}`);
    this.startedAt ??= performance.now();
    this.recoveredAt = undefined;
    this.failures += 1;
    clearTimeout(this.timer);
    return new DatabaseUnavailableError({ cause });
  }

  recordSuccess(): void {
    if (this.startedAt === undefined || this.recoveredAt !== undefined) return;
    this.recoveredAt = performance.now();
    this.timer = setTimeout(() => this.end(), QUIET_MS).unref();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private end(): void {
    if (this.startedAt === undefined || this.recoveredAt === undefined) return;
    const seconds = ((this.recoveredAt - this.startedAt) / 1_000).toFixed(1);
    this.logger.warn(`Database available again after ${seconds} s. Failures: ${this.failures}.`);
    this.startedAt = this.recoveredAt = undefined;
    this.failures = 0;
  }
}
