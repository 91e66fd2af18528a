/** The reserved words of TypeScript in strict mode. They cannot name a variable. */
export const TYPESCRIPT_WORDS = new Set(
  `arguments as async await break case catch class const continue debugger default delete do else enum eval export
   extends false finally for function if implements import in instanceof interface let new null package private
   protected public return static super switch this throw true try typeof undefined var void while with yield`.split(
    /\s+/,
  ),
);

/** The key words that PostgreSQL does not accept as a name everywhere: `pg_get_keywords()` without category U. */
export const SQL_WORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
   char character check coalesce collate collation column concurrently constraint create cross current_catalog
   current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
   desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
   grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
   json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
   lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
   not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary
   real references returning right row select session_user setof similar smallint some substring symmetric system_user
   table tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic
   verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
   xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** Classes that the generated files use. An entity of the same name would hide them. */
export const USED_CLASSES = new Set(
  `Boolean Check Column Date Entity Index Injectable InjectRepository LessThan ManyToOne Module Object Omit
   Partial Pick PrimaryColumn Promise Repository Test TypeOrmModule`.split(/\s+/),
);
