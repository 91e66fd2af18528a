import type { EntityMetadata, Table } from 'typeorm';
import type { CheckMetadata } from 'typeorm/metadata/CheckMetadata.js';
import { RdbmsSchemaBuilder } from 'typeorm/schema-builder/RdbmsSchemaBuilder.js';
import { isOutdatedSchema } from './pg-errors.js';

/** TypeORM's schema builder, except that it compares the expressions of check constraints too, not only their names. */
export class SchemaBuilder extends RdbmsSchemaBuilder {
  /** Also drops each check whose expression has changed, so that TypeORM creates it again. */
  protected override async dropOldChecks(): Promise<void> {
    await super.dropOldChecks();
    for (const metadata of this.entityToSyncMetadatas) {
      const table = this.tables.find((candidate) => this.pathOf(candidate) === this.pathOf(metadata));
      if (!table) continue;
      for (const check of [...table.checks]) {
        const wanted = metadata.checks.find(({ name }) => name === check.name);
        if (wanted && (await this.differs(metadata, wanted))) await this.queryRunner.dropCheckConstraint(table, check);
      }
    }
  }

  private pathOf(target: EntityMetadata | Table): string {
    const { driver } = this.dataSource;
    const { tableName, schema } = driver.parseTableName(target);
    return driver.buildTableName(tableName, schema);
  }

  /**
   * Adds the wanted check to a temporary table to compare both, because PostgreSQL rewrites the expressions it stores.
   */
  private async differs({ tablePath }: EntityMetadata, { name, expression }: CheckMetadata): Promise<boolean> {
    const { queryRunner } = this;
    const { driver } = this.dataSource;
    const quoted = tablePath
      .split('.')
      .map((part) => driver.escape(part))
      .join('.');
    await queryRunner.startTransaction();
    try {
      await queryRunner.query(`CREATE TEMPORARY TABLE wanted (LIKE ${quoted})`);
      await queryRunner.query(`ALTER TABLE wanted ADD CONSTRAINT ${driver.escape(name)} CHECK (${expression})`);
      const expressions = (await queryRunner.query(
        `SELECT DISTINCT pg_get_expr(conbin, conrelid) FROM pg_constraint
          WHERE conname = $1 AND conrelid IN ($2::regclass, 'pg_temp.wanted'::regclass)`,
        [name, quoted],
      )) as unknown[];
      return expressions.length > 1;
    } catch (error) {
      // The wanted expression uses a new column.
      if (isOutdatedSchema(error)) return true;
      throw error;
    } finally {
      await queryRunner.rollbackTransaction();
    }
  }
}
