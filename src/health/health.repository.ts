import { readdir } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isUndefinedTable } from '../platform/database/pg-errors.js';
import { queryRows } from '../platform/database/query-rows.js';
import { SERVER_ACCEPTS_WRITES } from '../platform/database/read-only-server.js';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
const MIGRATION_FILE = /^(\d+)-(\w+)\.(?:js|ts)$/;

@Injectable()
export class HealthRepository {
  async ping(manager: EntityManager): Promise<void> {
    await manager.query('SELECT 1');
  }

  /**
   * Commits a transaction that does what requests need: it reads the tables of the guards, writes 200 kB to the disk and
   * writes to the WAL. PostgreSQL deletes the temporary file, and the WAL message changes no table.
   */
  async tryToServe(manager: EntityManager): Promise<void> {
    await manager.transaction(async (transaction) => {
      await transaction.query(`SET LOCAL lock_timeout = '1s'; SET LOCAL work_mem = '64kB'`);
      await queryRows(
        transaction,
        {
          text: `SELECT pg_logical_emit_message(true, 'gatehouse', 'readiness')::text
                   FROM (SELECT count(*) FROM generate_series(1, 5000)) AS more_than_work_mem
                  WHERE ${SERVER_ACCEPTS_WRITES} AND NOT EXISTS (SELECT FROM sessions JOIN users ON false)`,
        },
        [],
      );
    });
  }

  /** Returns the migrations of this build that the database has not run, oldest first. */
  async pendingMigrations(manager: EntityManager): Promise<string[]> {
    const executed = await this.executedMigrations(manager);
    return (await this.knownMigrations()).filter((name) => !executed.has(name));
  }

  /** Returns class names as TypeORM records them. They end with the timestamp that starts the file name. */
  async knownMigrations(): Promise<string[]> {
    const files = await readdir(MIGRATIONS);
    return files.sort().flatMap((file) => {
      const match = MIGRATION_FILE.exec(file);
      return match ? `${match[2]}${match[1]}` : [];
    });
  }

  /** Returns an empty set if the table does not exist, because no migration has run yet. */
  async executedMigrations(manager: EntityManager): Promise<ReadonlySet<string>> {
    try {
      const rows = await manager.query<{ name: string }[]>('SELECT name FROM migrations');
      return new Set(rows.map((row) => row.name));
    } catch (error) {
      if (isUndefinedTable(error)) return new Set();
      throw error;
    }
  }
}
