import { SchematicsException } from '@angular-devkit/schematics';
import { parseKind } from './kinds.js';
import { snakeCase } from './names.js';
import { SQL_WORDS, TYPESCRIPT_WORDS } from './words.js';

/**
 * A field of a module. All strings except `name` and `column` are source code.
 *
 * @typedef {import('./kinds.js').Kind & FieldName} Field
 * @typedef {object} FieldName
 * @property {string} name such as `dueOn`
 * @property {string} column such as `due_on`, without quotes
 * @property {string} sqlColumn the column, in quotes if it is a key word
 * @property {boolean} isOptional whether the field may be null
 */

/** Names that the generated files use. */
const RESERVED_NAMES = new Set(['id', 'owner', 'ownerId', 'createdAt', 'updatedAt', 'prototype']);

const SYNTAX =
  'Write each field as name:type, such as title:string:120,total:int,status:open/paid. The types are string, text, int, boolean, date, timestamp, uuid, and words separated by slashes.';

/**
 * Returns the fields of a list such as `title:string:120,total:int:0..1000,status:open/paid,note:text?`.
 *
 * @param {string} list
 * @param {import('./names.js').Names} names
 * @returns {Field[]}
 * @throws {SchematicsException} for the first invalid field
 */
export function parseFields(list, names) {
  if (list.trim() === '') throw new SchematicsException(`A module needs at least one field. ${SYNTAX}`);
  const fields = list.split(',').map((text) => parseField(text.trim(), names));
  for (const [index, field] of fields.entries()) {
    const twin = fields.slice(0, index).find((other) => isTwin(field, other));
    if (twin)
      throw new SchematicsException(`The fields "${twin.name}" and "${field.name}" have the same name. Rename one.`);
  }
  return fields;
}

/**
 * Returns whether two fields would have the same column or the same constant. @param {Field} field @param {Field} other
 */
function isTwin(field, other) {
  const constant = field.enumeration?.constant;
  return field.column === other.column || (constant !== undefined && constant === other.enumeration?.constant);
}

/** @param {string} text @param {import('./names.js').Names} names @returns {Field} */
function parseField(text, names) {
  if (text === '') throw new SchematicsException(`A field is empty. Write the list without spaces. ${SYNTAX}`);
  const [, name, type, limit, mark] = /^([^:?]+):([^:?]+)(?::([^:?]+))?(\?)?$/.exec(text) ?? [];
  if (name === undefined || type === undefined) throw new SchematicsException(`"${text}" is not a field. ${SYNTAX}`);
  assertName(name);
  const kind = parseKind({ field: text, name, type, limit, names });
  if (!kind) throw new SchematicsException(`"${type}" in "${text}" is not a type. ${SYNTAX}`);
  const column = snakeCase(name);
  const sqlColumn = SQL_WORDS.has(column) ? `"${column}"` : column;
  return { ...kind, name, column, sqlColumn, isOptional: mark !== undefined };
}

/** @param {string} name */
function assertName(name) {
  if (!/^[a-z][a-zA-Z\d]*$/.test(name)) {
    throw new SchematicsException(`"${name}" cannot name a field. Use the letters a to z and digits, such as dueOn.`);
  }
  // Objects inherit members such as `constructor`.
  if (RESERVED_NAMES.has(name) || name in {}) throw new SchematicsException(`The field name "${name}" is reserved.`);
  if (TYPESCRIPT_WORDS.has(name))
    throw new SchematicsException(`"${name}" is a reserved word of TypeScript. Rename the field.`);
}
