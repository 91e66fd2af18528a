import type { EntityManager } from 'typeorm';
import { LazyQueryRunner } from './lazy-query-runner.js';

/** A statement that each connection parses and plans only once. */
export interface PreparedStatement {
  /** Unique per text. */
  readonly name: string;
  readonly text: string;
}

/**
 * Runs a statement with the driver, because TypeORM does not support prepared statements. Set `isPrepared` to `false` behind
 * a pooler in transaction mode, which may run each statement on another server connection.
 */
export async function runPrepared<Row>(
  { queryRunner }: EntityManager,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
  isPrepared: boolean,
): Promise<Row[]> {
  if (!(queryRunner instanceof LazyQueryRunner))
    throw new Error('runPrepared needs the EntityManager of a connection.');
  const { rows } = await queryRunner.queryDriver(isPrepared ? { name, text, values } : { text, values });
  return rows as Row[];
}
