// The types of field whose source depends on the name or the limit of the field.
import { SchematicsException } from '@angular-devkit/schematics';
import pluralize from 'pluralize';
import { capitalize, kebabCase } from './names.js';

/** @typedef {import('./kinds.js').Given} Given @typedef {import('./kinds.js').Row} Row */

/** A body has at most 100 kB, and a character has at most four bytes. */
const MAX_LENGTH = 20_000;
const [MIN_INT, MAX_INT] = [-2_147_483_648, 2_147_483_647];
const MAX_WORDS = 50;

/** @param {Given} given @param {number} usual @returns {Row} */
export function textRow({ field, name, limit }, usual) {
  const max = Number(limit ?? usual);
  if (!Number.isInteger(max) || max < 1 || max > MAX_LENGTH) {
    throw new SchematicsException(`"${field}" needs a length from 1 to ${MAX_LENGTH}, such as ${name}:string:120.`);
  }
  const label = capitalize(kebabCase(name).replaceAll('-', ' '));
  const example = label.slice(0, max).trimEnd();
  const other = `Other ${label.toLowerCase()}`.slice(0, max).trimEnd();
  return {
    sqlType: 'text',
    check: (column) => `char_length(${column}) BETWEEN 1 AND ${max}`,
    limits: `minLength: 1, maxLength: ${digits(max)}`,
    decorator: `CodePoints(1, ${digits(max)})`,
    example: quote(example),
    other: quote(other === example ? 'x' : other),
    accepted: [
      ['has one character', `'x'`],
      // A character with two code units, because the validation and the database must count code points.
      [`has ${max} character${max === 1 ? '' : 's'}`, `'𝒜'.repeat(${digits(max)})`],
    ],
    rejected: [
      ['is empty', `''`],
      [`has ${max + 1} characters`, `'x'.repeat(${digits(max + 1)})`],
      ['is a number', '7'],
    ],
  };
}

/** @param {Given} given @returns {Row} */
export function intRow({ field, name, limit }) {
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
    check: (column) => (limit === undefined ? null : `${column} BETWEEN ${min} AND ${max}`),
    type: 'number',
    typeClass: 'Number',
    documented: `type: 'integer'`,
    limits: limit === undefined ? `format: 'int32'` : `minimum: ${digits(min)}, maximum: ${digits(max)}`,
    decorator: limit === undefined ? 'WholeNumber()' : `WholeNumber(${digits(min)}, ${digits(max)})`,
    example: digits(example),
    other: digits(example === max ? example - 1 : example + 1),
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

/** @param {Given} given @returns {Row} */
export function enumerationRow({ field, name, type: list, names }) {
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
    check: (column) => `${column} IN (${words.map(quote).join(', ')})`,
    type: enumeration.type,
    documented: `enum: ${enumeration.constant}, enumName: '${enumeration.type}'`,
    decorator: `OneOf(${enumeration.constant})`,
    example: quote(first),
    other: quote(second),
    accepted: [[`is ${words.at(-1)}`, quote(words.at(-1) ?? '')]],
    rejected: [
      ['is an unknown word', `'${words.join('')}'`],
      ['is a number', '1'],
    ],
    enumeration,
  };
}

/** @param {string} text without quotes and backslashes */
const quote = (text) => `'${text}'`;

/** Formats a number with separators, such as `20_000`. @param {number} number */
function digits(number) {
  return String(number).replace(/\d(?=(?:\d{3})+$)/g, '$&_');
}
