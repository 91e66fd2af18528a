import type { TestDatabase } from './test-database.js';

/** Returns one line for each object in the schema, except the table of migrations. */
export async function describeSchema(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT line FROM (
      SELECT format('table %s, column %s: %s%s default %s', table_name, column_name, data_type,
                    CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END, column_default) AS line, table_name
        FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL
      SELECT format('constraint %s: %s', conname, pg_get_constraintdef(oid)), conrelid::regclass::text
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL
      SELECT format('index %s', indexdef), tablename FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL
      SELECT format('sequence %s', sequencename), sequencename FROM pg_sequences WHERE schemaname = 'public'
      UNION ALL
      SELECT format('type %s', typname), '' FROM pg_type
       WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
      UNION ALL
      SELECT format('function %s', proname), '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ) AS things
    WHERE table_name NOT LIKE 'migrations%'
    ORDER BY line`);
  return rows.map(({ line }) => line);
}
