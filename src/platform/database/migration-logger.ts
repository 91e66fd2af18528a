import type { Logger } from 'typeorm';

/** Prints what TypeORM's migration commands do, and the statement of an error. Omits other statements. */
export class MigrationLogger implements Logger {
  logQuery(): void {
    // The statements of a migration are in its file.
  }

  logQueryError(error: string | Error, query: string): void {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${query}\n`);
  }

  logQuerySlow(): void {
    // A migration may take long.
  }

  logSchemaBuild(message: string): void {
    process.stdout.write(`${message}\n`);
  }

  logMigration(message: string): void {
    process.stdout.write(`${message}\n`);
  }

  log(level: 'log' | 'info' | 'warn', message: string): void {
    if (level === 'warn') process.stderr.write(`${message}\n`);
  }
}
