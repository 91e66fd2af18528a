import pg, { type CustomTypesConfig } from 'pg';

const { TIMESTAMPTZ } = pg.types.builtins;
const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date | number;

/** Parses columns as `pg` does, except that the faster parser of V8 reads timestamps. */
export const ROW_TYPES: CustomTypesConfig = {
  getTypeParser: (id, format): unknown =>
    id === TIMESTAMPTZ && format !== 'binary' ? toDate : pg.types.getTypeParser(id, format),
};

/** Returns a date, or a number for an infinite one. */
export function toDate(text: string): Date | number {
  // For example `2026-01-16 09:30:00.123+00`. V8 reads other years and zones differently.
  const isPlain = text.startsWith('20') && text[10] === ' ' && text.endsWith('+00');
  return isPlain ? new Date(text) : parseTimestamp(text);
}
