import { SchematicsException } from '@angular-devkit/schematics';
import { enumerationRow, intRow, textRow } from './computed-kinds.js';

/**
 * A type of field. All strings are source code for the generated files.
 *
 * @typedef {object} Kind
 * @property {string} sqlType the column's type, in the migration and the entity
 * @property {string} columnOptions the options of `@Column`
 * @property {(sqlColumn: string) => string | null} check the condition of the check constraint, or `null` for none
 * @property {string} type the property's type
 * @property {string} typeClass the class of the values, which documents a property that may be null
 * @property {string} documented the options of `@ApiProperty` in a response
 * @property {string} limits further options in a request
 * @property {string} decorator the validation in a request
 * @property {string} example a valid value in JSON
 * @property {string} other another valid value in JSON
 * @property {(json: string) => string} toValue converts a JSON value to one of the application
 * @property {readonly Sample[]} accepted valid values at the limits
 * @property {readonly Sample[]} rejected values beyond the limits and of other types
 * @property {Enumeration} [enumeration]
 *
 * @typedef {Partial<Kind> & Pick<Kind, 'sqlType' | 'decorator' | 'example' | 'other' | 'accepted' | 'rejected'>} Row
 *
 * @typedef {readonly [what: string, value: string]} Sample a condition in a sentence, such as `is empty`
 *
 * @typedef {object} Enumeration
 * @property {string} file such as `order-status`
 * @property {string} type such as `OrderStatus`
 * @property {string} constant such as `ORDER_STATUSES`
 * @property {readonly string[]} words
 *
 * @typedef {object} Given
 * @property {string} field the whole text
 * @property {string} name
 * @property {string} type
 * @property {string | undefined} limit
 * @property {import('./names.js').Names} names
 */

/** What a row of the table below leaves out. */
const DEFAULTS = {
  check: () => null,
  type: 'string',
  typeClass: 'String',
  documented: '',
  limits: '',
  toValue: (/** @type {string} */ json) => json,
};

/** The types that take no limit. @type {Readonly<Record<string, Row>>} */
const FIXED = {
  boolean: {
    sqlType: 'boolean',
    type: 'boolean',
    typeClass: 'Boolean',
    decorator: `IsBoolean({ message: 'must be true or false' })`,
    example: 'true',
    other: 'false',
    accepted: [['is false', 'false']],
    rejected: [
      ['is a string', `'true'`],
      ['is a number', '1'],
    ],
  },
  date: {
    sqlType: 'date',
    documented: `format: 'date'`,
    decorator: 'CalendarDate()',
    example: `'2026-01-15'`,
    other: `'2026-02-28'`,
    accepted: [['is a leap day', `'2028-02-29'`]],
    rejected: [
      ['does not exist', `'2026-02-30'`],
      ['has a time', `'2026-01-15T09:30:00.000Z'`],
      ['is a number', '20260115'],
    ],
  },
  timestamp: {
    sqlType: 'timestamptz(3)',
    columnOptions: `type: 'timestamptz', precision: 3`,
    type: 'Date',
    documented: `format: 'date-time'`,
    decorator: 'Timestamp()',
    example: `'2026-01-15T09:30:00.000Z'`,
    other: `'2026-02-28T18:00:00.000Z'`,
    toValue: (json) => `new Date(${json})`,
    accepted: [['has milliseconds', `'2026-01-15T09:30:00.123Z'`]],
    rejected: [
      ['does not exist', `'2026-02-30T09:30:00.000Z'`],
      ['has no time zone', `'2026-01-15T09:30:00.000'`],
      ['is a number', '1'],
    ],
  },
  uuid: {
    sqlType: 'uuid',
    documented: `format: 'uuid'`,
    decorator: 'IdField()',
    example: `'0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60'`,
    other: `'0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15'`,
    accepted: [['is another UUID', `'0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15'`]],
    rejected: [
      ['is no UUID', `'0198c5f2'`],
      ['is a number', '1'],
    ],
  },
};

/** The types that take a limit. @type {Readonly<Record<string, (given: Given) => Row>>} */
const LIMITED = {
  string: (given) => textRow(given, 200),
  text: (given) => textRow(given, 10_000),
  int: intRow,
};

/** Returns the kind of a field, or `undefined` for an unknown type. @param {Given} given @returns {Kind | undefined} */
export function parseKind(given) {
  const row = rowOf(given);
  return row && { columnOptions: `type: '${row.sqlType}'`, ...DEFAULTS, ...row };
}

/** @param {Given} given @returns {Row | undefined} */
function rowOf(given) {
  const { field, type, limit } = given;
  if (Object.hasOwn(LIMITED, type)) return LIMITED[type]?.(given);
  const row = type.includes('/') ? enumerationRow : Object.hasOwn(FIXED, type) ? FIXED[type] : undefined;
  if (row && limit !== undefined)
    throw new SchematicsException(`"${field}" has a limit, but ${type} takes none. Remove the limit.`);
  return typeof row === 'function' ? row(given) : row;
}
