import { parse } from 'csv-parse/sync';
import { CommandError } from '../errors.js';
import { countOf } from '../../common/plural.js';

type Content = { readonly fields: object } | { readonly error: string };

/** The fields of one user, or the reason why they cannot be read. `line` is the first line of the record, from 1. */
export type FileRecord = { readonly line: number } & Content;

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Longer records are rejected. The file probably lacks line breaks or has another format. */
const MAX_RECORD_CHARACTERS = 100_000;
/** How far a quoted field may continue. Otherwise every unclosed quote would read the rest of the file. */
const MAX_CONTINUATION_LINES = 10;
const TOO_LONG: Content = { error: 'is far too long for one user' };

/**
 * Reads CSV (RFC 4180) with a header. Leaves out empty fields.
 *
 * A misplaced quote costs only the line where its record starts: the next lines are read again as records of their own.
 * The streaming parser of csv-parse would skip to the next matching quote, so each record is parsed separately.
 *
 * @throws CommandError if the header is invalid
 */
export async function* readCsv(chunks: AsyncIterable<string>, names: readonly string[]): AsyncGenerator<FileRecord> {
  const lines = readLines(chunks);
  const unread: Line[] = [];
  const next = async () => unread.shift() ?? (await lines.next()).value;
  const columns = readHeader((await next())?.text ?? '', names);
  for (let line = await next(); line; line = await next()) {
    let text = line.text;
    const more: Line[] = [];
    while (hasOpenQuote(text) && more.length < MAX_CONTINUATION_LINES) {
      const following = await next();
      if (!following) break;
      more.push(following);
      text += `\n${following.text}`;
    }
    if (text.trim() === '') continue;
    const fields = parseFields(text);
    if (!fields) unread.unshift(...more);
    yield { line: line.number, ...csvContent(text, fields, columns) };
  }
}

/** Reads NDJSON: one JSON object per line. */
export async function* readNdjson(chunks: AsyncIterable<string>, names: readonly string[]): AsyncGenerator<FileRecord> {
  for await (const { number, text } of readLines(chunks)) {
    if (text.trim() !== '') yield { line: number, ...jsonContent(text, names) };
  }
}

/**
 * Splits at LF or CRLF in bounded memory: a longer line is cut one character above `MAX_RECORD_CHARACTERS`. `readline` would keep
 * all of it, and also split at U+2028. Removes a byte order mark.
 */
async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<Line, undefined> {
  let number = 0;
  let rest = '';
  for await (const chunk of chunks) {
    const texts = (rest + chunk).split('\n');
    rest = (texts.pop() ?? '').slice(0, MAX_RECORD_CHARACTERS + 1);
    for (const text of texts) yield toLine(++number, text);
  }
  if (rest !== '') yield toLine(number + 1, rest);
  return undefined;
}

function toLine(number: number, text: string): Line {
  const line = text.slice(0, MAX_RECORD_CHARACTERS + 1).replace(/\r$/, '');
  return { number, text: number === 1 ? line.replace(/^\uFEFF/, '') : line };
}

function readHeader(text: string, names: readonly string[]): string[] {
  const columns = parseFields(text)?.map((column) => column.trim()) ?? [];
  const error = headerError(columns, names);
  if (error === null) return columns;
  throw new CommandError(`The first line must name the columns (${names.join(', ')}), separated by commas. ${error}`);
}

function headerError(columns: readonly string[], names: readonly string[]): string | null {
  const unknown = columns.find((column) => !names.includes(column));
  if (unknown !== undefined) return `Unknown column ${JSON.stringify(unknown.slice(0, 100))}.`;
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index);
  if (repeated !== undefined) return `The column ${repeated} is repeated.`;
  return columns.includes('email') ? null : 'The column email is missing.';
}

function hasOpenQuote(text: string): boolean {
  return text.split('"').length % 2 === 0;
}

/** Returns null if the text is not exactly one record. */
function parseFields(text: string): string[] | null {
  if (text.length > MAX_RECORD_CHARACTERS) return null;
  // This is many times faster than csv-parse.
  if (!text.includes('"')) return text.split(',');
  try {
    const [fields, ...others] = parse(text, { record_delimiter: '\n' });
    return others.length === 0 ? (fields ?? null) : null;
  } catch {
    return null;
  }
}

function csvContent(text: string, fields: readonly string[] | null, columns: readonly string[]): Content {
  if (text.length > MAX_RECORD_CHARACTERS) return TOO_LONG;
  if (!fields) return { error: 'has a misplaced or unclosed quote' };
  if (fields.length !== columns.length) {
    return { error: `has ${countOf(fields.length, 'fields')}, but the first line names ${columns.length}` };
  }
  const entries = columns.map((column, index) => [column, fields[index]]);
  return { fields: Object.fromEntries(entries.filter(([, value]) => value !== '')) as object };
}

function jsonContent(text: string, names: readonly string[]): Content {
  if (text.length > MAX_RECORD_CHARACTERS) return TOO_LONG;
  const fields = parseObject(text);
  if (!fields) return { error: 'is not a JSON object' };
  const unknown = Object.keys(fields).find((field) => !names.includes(field));
  return unknown === undefined
    ? { fields }
    : { error: `has an unknown field ${JSON.stringify(unknown.slice(0, 100))}` };
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
