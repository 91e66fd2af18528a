import type { FactoryProvider } from '@nestjs/common';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type EntityManager } from './database.js';
import { Pruner, type PruneStep } from './pruner.js';

/** How many pages one statement reads: 256 kB, about a thousand rows. */
const PAGES_PER_STEP = 32;
/** How many rows one statement reads from a foreign table. */
const ROWS_PER_STEP = 1_000;

export interface TablePrunerOptions {
  /** A plural noun for the deleted rows, such as `sessions`. */
  readonly subject: string;
  readonly table: string;
  /** The SQL condition for rows to delete. `$1` is the retention in milliseconds (float8). */
  readonly condition: string;
  readonly retentionMs: (config: Config) => number;
  /** A unique column with an index (default: `id`). Only foreign partitions need it. */
  readonly key?: string;
}

/** A table that stores rows: not a partitioned table. */
interface PrunedTable {
  readonly name: string;
  readonly isForeign: boolean;
  readonly pages: number;
}

/** Returns a provider that prunes one table of the module. */
export function tablePruner(options: TablePrunerOptions): FactoryProvider<Pruner> {
  return {
    provide: `${options.table}:pruner`,
    inject: [gatehouseConfig.KEY, Database],
    useFactory: (config: Config, database: Database) => new TablePruner(options, options.retentionMs(config), database),
  };
}

/**
 * Deletes rows by reading the table once, page by page, in physical order. It needs no index: an index on a time that
 * changes often would cost more on every change than the occasional full read (see
 * docs/decisions/0009-pruning-by-pages.md). Rows that are locked or move meanwhile are left for the next run.
 *
 * Prunes each partition of a partitioned table, because pages belong to a partition.
 */
class TablePruner extends Pruner {
  readonly subject: string;
  private readonly key: string;

  constructor(
    private readonly options: TablePrunerOptions,
    private readonly retentionMs: number,
    private readonly database: Database,
  ) {
    super();
    this.subject = options.subject;
    this.key = options.key ?? 'id';
  }

  protected async *steps(retentionMs = this.retentionMs): AsyncGenerator<PruneStep> {
    const tables = await this.database.run((manager) => this.findTables(manager));
    for (const [index, table] of tables.entries()) {
      const steps = table.isForeign ? this.byKey(table.name, retentionMs) : this.byPage(table, retentionMs);
      for await (const { deleted, progress } of steps) yield { deleted, progress: (index + progress) / tables.length };
    }
  }

  /** Returns the table, or the lowest partitions of a partitioned table. The names are quoted if necessary. */
  private findTables(manager: EntityManager): Promise<PrunedTable[]> {
    return manager.query<PrunedTable[]>(
      `WITH RECURSIVE tree AS (
         SELECT $1::regclass::oid AS id UNION ALL SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = tree.id)
       SELECT c.oid::regclass::text AS name, c.relkind = 'f' AS "isForeign",
              (pg_relation_size(c.oid) / current_setting('block_size')::int)::int AS pages
         FROM pg_class c JOIN tree ON tree.id = c.oid WHERE c.relkind IN ('r', 'f') ORDER BY c.oid`,
      [this.options.table],
    );
  }

  private async *byPage({ name, pages }: PrunedTable, retentionMs: number): AsyncGenerator<PruneStep> {
    for (let page = 0; page < pages; page += PAGES_PER_STEP) {
      const deleted = await this.database.run((manager) => this.deletePages(manager, name, page, retentionMs));
      yield { deleted, progress: Math.min(1, (page + PAGES_PER_STEP) / pages) };
    }
  }

  /** Skips locked rows: waiting for them could deadlock, because other statements lock in another order. */
  private async deletePages(manager: EntityManager, table: string, page: number, retentionMs: number): Promise<number> {
    const [, deleted] = await manager.query<[unknown[], number]>(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table}
          WHERE ctid >= '(${page},0)'::tid AND ctid < '(${page + PAGES_PER_STEP},0)'::tid
            AND (${this.options.condition})
            FOR UPDATE SKIP LOCKED))`,
      [retentionMs],
    );
    return deleted;
  }

  /** Prunes a foreign table in the order of its key, because postgres_fdw reads the whole table to find a page. */
  private async *byKey(table: string, retentionMs: number): AsyncGenerator<PruneStep> {
    let after: string | null = null;
    do {
      const end = await this.findStepEnd(table, after);
      const deleted = await this.deleteKeys(table, [after, end], retentionMs);
      yield { deleted, progress: end === null ? 1 : 0 };
      after = end;
    } while (after !== null);
  }

  /** Returns the last key of the next step, or `null` if that step is the last one. */
  private findStepEnd(table: string, after: string | null): Promise<string | null> {
    return this.database.run(async (manager) => {
      const [row] = await manager.query<{ last: string }[]>(
        // Twice the same key, because PostgreSQL gives the compared parameter the type of the column.
        `SELECT ${this.key}::text AS last FROM ${table} WHERE $1::text IS NULL OR ${this.key} > $2
          ORDER BY ${this.key} OFFSET ${ROWS_PER_STEP - 1} LIMIT 1`,
        [after, after],
      );
      return row?.last ?? null;
    });
  }

  private deleteKeys(
    table: string,
    [after, end]: readonly [string | null, string | null],
    retentionMs: number,
  ): Promise<number> {
    return this.database.run(async (manager) => {
      const [, deleted] = await manager.query<[unknown[], number]>(
        `DELETE FROM ${table}
          WHERE ($2::text IS NULL OR ${this.key} > $3) AND ($4::text IS NULL OR ${this.key} <= $5)
            AND (${this.options.condition})`,
        [retentionMs, after, after, end, end],
      );
      return deleted;
    });
  }
}
