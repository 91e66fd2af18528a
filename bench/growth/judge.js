// Which promises about growth are kept.
import { FAR } from './lists.js';

/** How much dearer the guarded request may be with the most sessions than with the fewest. */
const ALLOWED_DEARER = 1.1;
/** How many more rows or pages a statement may read when the tables grow: a level of an index here and there. */
const ALLOWED_MORE = (/** @type {number} */ before) => 1.5 * before + 10;

/**
 * What may read a growing table, and why. By the name of a list, or by what a statement is for.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const EXCEPTIONS = {
  'GET /admin/users?search=person-77%40':
    'A text that is found anywhere in an address or a name, and in few of them. An index for that (`pg_trgm`) is an extension, which not every role may create, and finds no text of under three characters. It is for admins, and `DB_STATEMENT_TIMEOUT` bounds it.',
  'count the sessions begun before a time':
    'A bulk revocation by time alone: it is for emergencies, and mostly finds a good part of all sessions. An index on the time would make every sign-in dearer.',
};

/** @param {Map<string, import('./report.js').Line>} lines of all statements, by what they are for */
export function* judgeStatements(lines) {
  const whole = [...lines.values()].filter(({ whole, purpose }) => whole.length > 0 && !EXCEPTIONS[purpose]);
  yield kept(
    `no request reads a growing table from the beginning${list(whole.map(({ purpose, whole }) => `${purpose}: ${whole.join()}`))}`,
    whole.length === 0,
  );
  const grown = [...lines.values()].filter(
    ({ purpose, rows }) => !EXCEPTIONS[purpose] && Number(rows.at(-1)) > ALLOWED_MORE(Number(rows[0])),
  );
  yield kept(
    `no statement reads more rows because there are more${list(grown.map(({ purpose, rows }) => `${purpose}: ${rows.join(' → ')}`))}`,
    grown.length === 0,
  );
}

/** @param {readonly import('./report.js').Page[]} pages on the largest database */
export function judgePages(pages) {
  const steep = pages.filter(({ name, first, far }) => !EXCEPTIONS[name] && far.buffers > ALLOWED_MORE(first.buffers));
  return kept(
    `lists stay flat at page ${FAR.toLocaleString('en')}${list(steep.map(({ name, first, far }) => `${name}: ${first.buffers} → ${far.buffers} pages`))}`,
    steep.length === 0,
  );
}

/** @param {number} ratio of the processor time of a guarded request */
export function judgeGuarded(ratio) {
  const percent = ((ratio - 1) * 100).toFixed(1);
  return kept(
    `a guarded request takes at most a tenth more processor time with the most sessions than with the fewest: ${percent} %`,
    ratio <= ALLOWED_DEARER,
  );
}

/** @param {string} sentence @param {boolean} isKept */
export const kept = (sentence, isKept) => ({ sentence, isKept });

/** @param {readonly string[]} faults */
const list = (faults) => (faults.length > 0 ? ` (${faults.join('; ')})` : '');
