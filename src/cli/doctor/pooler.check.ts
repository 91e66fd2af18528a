import { newId } from '../../common/id.js';
import type { Database, EntityManager } from '../../platform/database/database.js';

/** The part of `pg`'s client that runs named statements. */
interface Client {
  query(statement: { readonly name?: string; readonly text: string }): Promise<unknown>;
}

/**
 * Returns whether a pooler passes a prepared statement to a server connection that does not know it. Prepares one while
 * a transaction occupies the first server connection, and then lets the pooler choose that connection.
 */
export function losesPreparedStatements(database: Database): Promise<boolean> {
  // A new name, because the pooler may keep the statement.
  const statement = { name: `doctor_${newId()}`, text: 'SELECT 1' };
  return database.run(async (first) => {
    const occupying = await clientOf(first);
    await occupying.query({ text: 'BEGIN' });
    return database.run(async (second) => {
      const client = await clientOf(second);
      await client.query(statement);
      await occupying.query({ text: 'COMMIT' });
      return client.query(statement).then(
        () => false,
        () => true,
      );
    });
  });
}

async function clientOf({ queryRunner }: EntityManager): Promise<Client> {
  if (!queryRunner) throw new Error('This EntityManager has no connection.');
  return (await queryRunner.connect()) as Client;
}
