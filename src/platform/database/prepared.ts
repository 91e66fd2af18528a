import type { EntityManager } from 'typeorm';

/** A statement that is run so often that each connection parses and plans it once. */
export interface PreparedStatement {
  /** The same name for the same text, in the whole process. */
  readonly name: string;
  readonly text: string;
}

interface Connection {
  query(query: { name?: string; text: string; values: readonly unknown[] }): Promise<{ rows: unknown[] }>;
}

/**
 * Runs a prepared statement, past TypeORM, which cannot name one. Without `isPrepared` it is parsed each time, as a
 * pooler in transaction mode needs it: there the next statement may meet another connection of the server.
 */
export async function runPrepared<Row>(
  { queryRunner }: EntityManager,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
  isPrepared: boolean,
): Promise<Row[]> {
  if (!queryRunner) throw new Error('A prepared statement needs the manager of a connection.');
  const connection = (await queryRunner.connect()) as Connection;
  const { rows } = await connection.query(isPrepared ? { name, text, values } : { text, values });
  return rows as Row[];
}
