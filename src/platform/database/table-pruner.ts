import type { FactoryProvider } from '@nestjs/common';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type EntityManager } from './database.js';
import { Pruner, type PruneStep } from './pruner.js';

/** How many pages one statement reads: 256 kB, about a thousand rows. */
const PAGES_PER_STEP = 32;

export interface TablePrunerOptions {
  /** A plural noun for the deleted rows, such as `sessions`. */
  readonly subject: string;
  readonly table: string;
  /** The SQL condition for rows to delete. `$1` is the retention in milliseconds (float8). */
  readonly condition: string;
  readonly retentionMs: (config: Config) => number;
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
 */
class TablePruner extends Pruner {
  readonly subject: string;

  constructor(
    private readonly options: TablePrunerOptions,
    private readonly retentionMs: number,
    private readonly database: Database,
  ) {
    super();
    this.subject = options.subject;
  }

  protected async *steps(retentionMs = this.retentionMs): AsyncGenerator<PruneStep> {
    const pages = await this.database.run((manager) => this.countPages(manager));
    for (let page = 0; page < pages; page += PAGES_PER_STEP) {
      const deleted = await this.database.run((manager) => this.deletePages(manager, page, retentionMs));
      yield { deleted, progress: Math.min(1, (page + PAGES_PER_STEP) / pages) };
    }
  }

  private async countPages(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ pages: number }[]>(
      `SELECT (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int AS pages`,
      [this.options.table],
    );
    return row?.pages ?? 0;
  }

  /** Skips locked rows: waiting for them could deadlock, because other statements lock in another order. */
  private async deletePages(manager: EntityManager, page: number, retentionMs: number): Promise<number> {
    const { table, condition } = this.options;
    const [, deleted] = await manager.query<[unknown[], number]>(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table}
          WHERE ctid >= '(${page},0)'::tid AND ctid < '(${page + PAGES_PER_STEP},0)'::tid AND (${condition})
            FOR UPDATE SKIP LOCKED))`,
      [retentionMs],
    );
    return deleted;
  }
}
