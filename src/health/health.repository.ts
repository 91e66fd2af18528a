import { readdir } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isUndefinedTable } from '../platform/database/pg-errors.js';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
const MIGRATION_FILE = /^(\d+)-(\w+)\.(?:js|ts)$/;

@Injectable()
export class HealthRepository {
  async ping(manager: EntityManager): Promise<void> {
    await manager.query('SELECT 1');
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
