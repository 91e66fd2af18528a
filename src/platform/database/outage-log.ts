import { Logger } from '@nestjs/common';
import { DatabaseUnavailableError } from './pg-errors.js';

/** Logs each outage of the database once. */
export class OutageLog {
  private readonly logger = new Logger('Database');
  private isAvailable = true;

  /** Returns the error to throw. */
  recordFailure(cause: Error): DatabaseUnavailableError {
    this.logger[this.isAvailable ? 'warn' : 'debug'](`Database unavailable: ${cause.message}`);
    this.isAvailable = false;
    return new DatabaseUnavailableError({ cause });
  }

  recordSuccess(): void {
    this.isAvailable = true;
  }
}
