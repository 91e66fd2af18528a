import type { Database, EntityManager } from './database.js';
import type { PruneStep } from './pruner.js';

/** Which rows of a table may go. The condition is SQL of ours, with `$1`, `$2`, … for the parameters. */
export interface PrunableRows {
  readonly table: string;
  readonly condition: string;
  readonly parameters: readonly unknown[];
}

/** How many pages one statement looks at: a quarter of a megabyte, about a thousand rows. */
const PAGES = 32;

/**
 * Deletes rows by going through a table once, page after page, as it lies on the disk. No index is needed: one on a
 * time that changes often would make every such change more expensive than reading the table now and then (see
 * docs/decisions/0009-pruning-by-pages.md). A row that someone holds, or that moves meanwhile, is left for the next time.
 */
export async function* pruneByPages(database: Database, rows: PrunableRows): AsyncGenerator<PruneStep> {
  const pages = await database.run((manager) => countPages(manager, rows.table));
  for (let page = 0; page < pages; page += PAGES) {
    const deleted = await database.run((manager) => deleteIn(manager, rows, page));
    yield { deleted, progress: Math.min(1, (page + PAGES) / pages) };
  }
}

async function countPages(manager: EntityManager, table: string): Promise<number> {
  const [row] = await manager.query<{ pages: number }[]>(
    `SELECT (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int AS pages`,
    [table],
  );
  return row?.pages ?? 0;
}

/** Skips what is locked instead of waiting: the rows are locked in another order than elsewhere. */
async function deleteIn(manager: EntityManager, rows: PrunableRows, page: number): Promise<number> {
  const { table, condition, parameters } = rows;
  const [, deleted] = await manager.query<[unknown[], number]>(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM ${table}
        WHERE ctid >= '(${page},0)'::tid AND ctid < '(${page + PAGES},0)'::tid AND (${condition})
          FOR UPDATE SKIP LOCKED))`,
    [...parameters],
  );
  return deleted;
}
