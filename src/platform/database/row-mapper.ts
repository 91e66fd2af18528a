import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Column types whose values TypeORM does not convert. */
const PLAIN_TYPES: ReadonlySet<unknown> = new Set([
  'uuid', 'text', 'varchar', 'boolean', 'int', 'integer', 'jsonb', 'timestamptz', String, Number, Boolean, Date,
]); // prettier-ignore

/**
 * Maps the rows of a hand-written query to an entity, with every column that TypeORM loads by default. Reads the
 * metadata only once, which makes it much faster than TypeORM.
 */
export class RowMapper<Entity extends object> {
  /** The columns for the `SELECT` clause. */
  readonly columns: string;
  private readonly properties: readonly string[];
  /** The columns whose values TypeORM converts, with their positions. */
  private readonly converted: readonly (readonly [position: number, ColumnMetadata])[];

  /** @param alias the alias of the table in the query */
  constructor(
    private readonly dataSource: DataSource,
    private readonly entity: new () => Entity,
    alias: string,
  ) {
    const { driver } = dataSource;
    const isPlain = ({ transformer, embeddedMetadata, type }: ColumnMetadata) =>
      !transformer && !embeddedMetadata && PLAIN_TYPES.has(type);
    const loaded = dataSource
      .getMetadata(entity)
      .columns.filter(({ isSelect, isVirtual, isVirtualProperty }) => isSelect && !isVirtual && !isVirtualProperty);
    const columns = [...loaded.filter(isPlain), ...loaded.filter((column) => !isPlain(column))];
    this.columns = columns.map(({ databaseName }) => `${alias}.${driver.escape(databaseName)}`).join(', ');
    this.properties = loaded.filter(isPlain).map(({ propertyName }) => propertyName);
    this.converted = columns
      .slice(this.properties.length)
      .map((column, index) => [this.properties.length + index, column]);
  }

  /** Creates the entity from a row array. Its columns start at `offset`. */
  map(row: readonly unknown[], offset: number): Entity {
    const { entity: Entity, properties, converted } = this;
    const entity = new Entity() as Record<string, unknown>;
    let index = offset;
    for (const property of properties) entity[property] = row[index++];
    for (const [position, column] of converted) {
      column.setEntityValue(entity, this.dataSource.driver.prepareHydratedValue(row[offset + position], column));
    }
    return entity as Entity;
  }
}
