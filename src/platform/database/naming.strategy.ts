import { createHash } from 'node:crypto';
import { DefaultNamingStrategy, type NamingStrategyInterface, type Table } from 'typeorm';

/** PostgreSQL truncates longer names (NAMEDATALEN - 1). */
const MAX_BYTES = 63;

/**
 * Names the parts of the schema that have no explicit name: snake_case tables and columns, `pk_<table>`,
 * `fk_<table>_<columns>`, `uq_<table>_<columns>` and `ix_<table>_<columns>`. Checks need an explicit name,
 * `ck_<table>_<rule>`.
 */
export class NamingStrategy extends DefaultNamingStrategy implements NamingStrategyInterface {
  override tableName(className: string, givenName: string | undefined): string {
    return givenName ?? snakeCase(className);
  }

  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return [...prefixes.map(snakeCase), customName ?? snakeCase(propertyName)].join('_');
  }

  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return snakeCase(`${relationName}_${referencedColumnName}`);
  }

  override primaryKeyName(table: Table | string): string {
    return fit(`pk_${this.bareName(table)}`);
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return this.constraint('fk', table, columns);
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return this.constraint('uq', table, columns);
  }

  override indexName(table: Table | string, columns: string[]): string {
    return this.constraint('ix', table, columns);
  }

  private constraint(prefix: string, table: Table | string, columns: string[]): string {
    return fit([prefix, this.bareName(table), ...columns].join('_'));
  }

  private bareName(table: Table | string): string {
    return this.getTableName(table).replaceAll('"', '');
  }
}

function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Shortens a name to the limit. The hash of the full name keeps it unique. */
function fit(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const head = Buffer.from(name).subarray(0, MAX_BYTES - 1 - hash.length);
  // A truncated multi-byte character decodes to U+FFFD.
  return `${head.toString().replace(/\uFFFD$/, '')}_${hash}`;
}
