import { SchematicsException } from '@angular-devkit/schematics';
import pluralize from 'pluralize';
import { capitalize, kebabCase } from './names.js';

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

/** A body has at most 100 kB, and a character has at most four bytes. */
const MAX_LENGTH = 20_000;
const [MIN_INT, MAX_INT] = [-2_147_483_648, 2_147_483_647];
const MAX_WORDS = 50;

/** @type {Readonly<Record<string, (given: Given) => Kind>>} */
const KINDS = {
  string: (given) => textKind(given, 200),
  text: (given) => textKind(given, 10_000),
  int: intKind,
  boolean: booleanKind,
  date: dateKind,
  timestamp: timestampKind,
  uuid: uuidKind,
};

/** Returns the kind of a field, or `undefined` for an unknown type. @param {Given} given */
export function parseKind(given) {
  if (given.type.includes('/')) return enumerationKind(given);
  return Object.hasOwn(KINDS, given.type) ? KINDS[given.type]?.(given) : undefined;
}

/** @param {Given} given @param {number} usual @returns {Kind} */
function textKind({ field, name, limit }, usual) {
  const max = Number(limit ?? usual);
  if (!Number.isInteger(max) || max < 1 || max > MAX_LENGTH) {
    throw new SchematicsException(`"${field}" needs a length from 1 to ${MAX_LENGTH}, such as ${name}:string:120.`);
  }
  const label = capitalize(kebabCase(name).replaceAll('-', ' '));
  const example = label.slice(0, max).trimEnd();
  const other = `Other ${label.toLowerCase()}`.slice(0, max).trimEnd();
  return {
    sqlType: 'text',
    columnOptions: `type: 'text'`,
    check: (column) => `char_length(${column}) BETWEEN 1 AND ${max}`,
    type: 'string',
    typeClass: 'String',
    documented: '',
    limits: `minLength: 1, maxLength: ${digits(max)}`,
    decorator: `CodePoints(1, ${digits(max)})`,
    example: quote(example),
    other: quote(other === example ? 'x' : other),
    toValue: unchanged,
    accepted: [
      ['has one character', `'x'`],
      // A character with two code units, because the validation and the database must count code points.
      [`has ${max} characters`, `'𝒜'.repeat(${digits(max)})`],
    ],
    rejected: [
      ['is empty', `''`],
      [`has ${max + 1} characters`, `'x'.repeat(${digits(max + 1)})`],
      ['is a number', '7'],
    ],
  };
}

/** @param {Given} given @returns {Kind} */
function intKind({ field, name, limit }) {
  const [, low = String(MIN_INT), high = String(MAX_INT)] = /^(-?\d+)\.\.(-?\d+)$/.exec(limit ?? '') ?? [];
  const [min, max] = [Number(low), Number(high)];
  const isRange = limit === undefined || limit === `${low}..${high}`;
  if (!isRange || min < MIN_INT || max > MAX_INT || min >= max) {
    throw new SchematicsException(
      `"${field}" needs a range between ${MIN_INT} and ${MAX_INT}, such as ${name}:int:1..100.`,
    );
  }
  const example = Math.min(Math.max(42, min), max);
  return {
    sqlType: 'integer',
    columnOptions: `type: 'integer'`,
    check: (column) => (limit === undefined ? null : `${column} BETWEEN ${min} AND ${max}`),
    type: 'number',
    typeClass: 'Number',
    documented: `type: 'integer'`,
    limits: limit === undefined ? `format: 'int32'` : `minimum: ${digits(min)}, maximum: ${digits(max)}`,
    decorator: limit === undefined ? 'WholeNumber()' : `WholeNumber(${digits(min)}, ${digits(max)})`,
    example: digits(example),
    other: digits(example === max ? example - 1 : example + 1),
    toValue: unchanged,
    accepted: [
      [`is ${min}`, digits(min)],
      [`is ${max}`, digits(max)],
    ],
    rejected: [
      [`is ${min - 1}`, digits(min - 1)],
      [`is ${max + 1}`, digits(max + 1)],
      ['is a fraction', `${digits(example)}.5`],
      ['is a string', quote(String(example))],
    ],
  };
}

/** @param {Given} given @returns {Kind} */
function booleanKind(given) {
  assertUnlimited(given);
  return {
    sqlType: 'boolean',
    columnOptions: `type: 'boolean'`,
    check: () => null,
    type: 'boolean',
    typeClass: 'Boolean',
    documented: '',
    limits: '',
    decorator: `IsBoolean({ message: 'must be true or false' })`,
    example: 'true',
    other: 'false',
    toValue: unchanged,
    accepted: [['is false', 'false']],
    rejected: [
      ['is a string', `'true'`],
      ['is a number', '1'],
    ],
  };
}

/** @param {Given} given @returns {Kind} */
function dateKind(given) {
  assertUnlimited(given);
  return {
    sqlType: 'date',
    columnOptions: `type: 'date'`,
    check: () => null,
    type: 'string',
    typeClass: 'String',
    documented: `format: 'date'`,
    limits: '',
    decorator: 'CalendarDate()',
    example: `'2026-01-15'`,
    other: `'2026-02-28'`,
    toValue: unchanged,
    accepted: [['is a leap day', `'2028-02-29'`]],
    rejected: [
      ['does not exist', `'2026-02-30'`],
      ['has a time', `'2026-01-15T09:30:00.000Z'`],
      ['is a number', '20260115'],
    ],
  };
}

/** @param {Given} given @returns {Kind} */
function timestampKind(given) {
  assertUnlimited(given);
  return {
    sqlType: 'timestamptz(3)',
    columnOptions: `type: 'timestamptz', precision: 3`,
    check: () => null,
    type: 'Date',
    typeClass: 'String',
    documented: `format: 'date-time'`,
    limits: '',
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
  };
}

/** @param {Given} given @returns {Kind} */
function uuidKind(given) {
  assertUnlimited(given);
  return {
    sqlType: 'uuid',
    columnOptions: `type: 'uuid'`,
    check: () => null,
    type: 'string',
    typeClass: 'String',
    documented: `format: 'uuid'`,
    limits: '',
    decorator: 'IdField()',
    example: `'0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60'`,
    other: `'0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15'`,
    toValue: unchanged,
    accepted: [['is another UUID', `'0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15'`]],
    rejected: [
      ['is no UUID', `'0198c5f2'`],
      ['is a number', '1'],
    ],
  };
}

/** @param {Given} given @returns {Kind} */
function enumerationKind(given) {
  const { field, name, type: list, names } = given;
  assertUnlimited(given);
  const words = list.split('/');
  const isValid = words.every((word) => /^[A-Za-z][A-Za-z\d_-]{0,49}$/.test(word));
  if (!isValid || words.length > MAX_WORDS || new Set(words).size < words.length) {
    throw new SchematicsException(
      `"${field}" needs 2 to ${MAX_WORDS} different words of letters, digits, _ and -, such as ${name}:open/paid.`,
    );
  }
  const kebab = kebabCase(name);
  const [first = '', second = ''] = words;
  const enumeration = {
    file: `${names.file}-${kebab}`,
    type: `${names.entity}${capitalize(name)}`,
    constant: `${names.code}-${pluralize.plural(kebab)}`.replaceAll('-', '_').toUpperCase(),
    words,
  };
  return {
    sqlType: 'text',
    columnOptions: `type: 'text'`,
    check: (column) => `${column} IN (${words.map(quote).join(', ')})`,
    type: enumeration.type,
    typeClass: 'String',
    documented: `enum: ${enumeration.constant}, enumName: '${enumeration.type}'`,
    limits: '',
    decorator: `OneOf(${enumeration.constant})`,
    example: quote(first),
    other: quote(second),
    toValue: unchanged,
    accepted: [[`is ${words.at(-1)}`, quote(words.at(-1) ?? '')]],
    rejected: [
      ['is an unknown word', `'${words.join('')}'`],
      ['is a number', '1'],
    ],
    enumeration,
  };
}

/** @param {Given} given */
function assertUnlimited({ field, type, limit }) {
  if (limit !== undefined)
    throw new SchematicsException(`"${field}" has a limit, but ${type} takes none. Remove the limit.`);
}

/** @param {string} text without quotes and backslashes */
const quote = (text) => `'${text}'`;

/** @param {string} json */
const unchanged = (json) => json;

/** Formats a number with separators, such as `20_000`. @param {number} number */
function digits(number) {
  return String(number).replace(/\d(?=(?:\d{3})+$)/g, '$&_');
}
