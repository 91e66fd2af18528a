import type { EntityManager } from 'typeorm';
import { LazyQueryRunner, type Statement } from './lazy-query-runner.js';

export type { Statement } from './lazy-query-runner.js';

/** Runs a statement and returns each row as an array. TypeORM supports neither row arrays nor prepared statements. */
export function queryRows<Row extends unknown[]>(
  { queryRunner }: EntityManager,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  if (!(queryRunner instanceof LazyQueryRunner)) throw new Error('queryRows needs the EntityManager of a connection.');
  return queryRunner.queryRows(statement, values) as Promise<Row[]>;
}
