import { SchematicsException } from '@angular-devkit/schematics';
import pluralize from 'pluralize';
import { SQL_WORDS, TYPESCRIPT_WORDS, USED_CLASSES } from './words.js';

/**
 * The names of a module, derived from its plural.
 *
 * @typedef {object} Names
 * @property {string} folder below `src`, also the path of the routes and the tag, such as `purchase-orders`
 * @property {string} file the first part of the names of files about one row, such as `purchase-order`
 * @property {string} table such as `purchase_orders`
 * @property {string} code the first part of problem codes, such as `purchase_order`
 * @property {string} entity the class of a row, such as `PurchaseOrder`
 * @property {string} classes the first part of the names of other classes, such as `PurchaseOrders`
 * @property {string} one a variable with one row, such as `purchaseOrder`
 * @property {string} many a variable with the service or the repository, such as `purchaseOrders`
 * @property {string} words one row in a sentence, such as `purchase order`
 * @property {string} article its indefinite article
 * @property {string} allWords several rows in a sentence, such as `purchase orders`
 */

const NAME = /^[a-z][a-z\d]*(?:-[a-z][a-z\d]*)*$/;

/**
 * Returns the names of a module. Accepts a singular too: `order-item` becomes `order-items`.
 *
 * @param {string} text
 * @returns {Names}
 * @throws {SchematicsException} if the name cannot be used
 */
export function parseName(text) {
  const kebab = kebabCase(text.trim());
  if (kebab === '') throw new SchematicsException('Name the module with a plural, such as purchase-orders.');
  if (!NAME.test(kebab)) {
    throw new SchematicsException(
      `"${text}" cannot name a module. Join words with hyphens, such as purchase-orders. Each word starts with a letter from a to z and contains only such letters and digits.`,
    );
  }
  const words = kebab.split('-');
  const last = words.pop() ?? '';
  const [singular, plural] = [pluralize.singular(last), pluralize.plural(last)];
  const [one, many] = [
    [...words, singular],
    [...words, plural],
  ];
  const variable = camelCase(one);
  /** @type {Names} */
  const names = {
    folder: many.join('-'),
    file: one.join('-'),
    table: many.join('_'),
    code: one.join('_'),
    entity: pascalCase(one),
    classes: pascalCase(many),
    one: TYPESCRIPT_WORDS.has(variable) ? `${variable}Row` : variable,
    many: camelCase(many),
    words: singular === plural ? [...one, 'item'].join(' ') : one.join(' '),
    article: articleOf(kebab),
    allWords: many.join(' '),
  };
  assertUsable(names);
  return names;
}

/** @param {Names} names */
function assertUsable({ table, entity, many }) {
  if (SQL_WORDS.has(table)) throw new SchematicsException(`"${table}" is a key word of PostgreSQL. ${OTHER_NAME}`);
  if (TYPESCRIPT_WORDS.has(many))
    throw new SchematicsException(`"${many}" is a reserved word of TypeScript. ${OTHER_NAME}`);
  if (USED_CLASSES.has(entity)) {
    throw new SchematicsException(
      `A class ${entity} would hide the ${entity} that the generated files use. ${OTHER_NAME}`,
    );
  }
}

export const OTHER_NAME = 'Choose another name, for example by adding a word.';

/** @param {string} text such as `PurchaseOrders`, `purchase_orders` or `purchase orders` */
export function kebabCase(text) {
  return text
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/[\s_]+/g, '-')
    .toLowerCase();
}

/** @param {string} word */
export const capitalize = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** @param {readonly string[]} words */
const pascalCase = (words) => words.map(capitalize).join('');

/** @param {readonly string[]} words */
function camelCase(words) {
  const name = pascalCase(words);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Converts a camelCase name to snake_case, as `NamingStrategy` does for columns. @param {string} name */
export function snakeCase(name) {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** @param {string} word */
function articleOf(word) {
  return /^(?:[aio]|e(?!u)|u(?!ni|s|ti)|hour|hono|heir)/.test(word) && !word.startsWith('one') ? 'an' : 'a';
}
