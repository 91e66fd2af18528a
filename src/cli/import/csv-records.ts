import { parse } from 'csv-parse/sync';
import { CommandError } from '../errors.js';
import { TOO_LONG, type FileRecord } from './file-record.js';
import { LineSource } from './line-source.js';
import type { Line } from './lines.js';

/** How many lines a quoted field may go on for. A quote that nobody closes does not swallow the rest of the file. */
const MAX_CONTINUATION = 10;

/**
 * The records of a CSV file (RFC 4180): commas, double quotes, and a first line that names the columns. An empty field
 * counts as one that is not there. A line that cannot be read is a fault, and the next one is read as if it were not.
 *
 * @throws CommandError if the first line is not what it should be
 */
export async function* csvRecords(
  lines: AsyncGenerator<Line, undefined>,
  known: readonly string[],
): AsyncGenerator<FileRecord> {
  const source = new LineSource(lines);
  const columns = readHeader(await source.next(), known);
  for (let line = await source.next(); line; line = await source.next()) {
    if (line.text === null) yield { line: line.number, fault: TOO_LONG };
    else if (line.text.trim() !== '') yield toRecord(line.number, await readFields(line.text, source), columns);
  }
}

function readHeader(header: Line | undefined, known: readonly string[]): string[] {
  const fields = parseFields(header?.text ?? '');
  const columns = Array.isArray(fields) ? fields.map((column) => column.trim()) : [];
  const fault = headerFault(columns, known);
  if (fault === null) return columns;
  throw new CommandError(
    `The first line has to name the columns, of ${known.join(', ')}, with commas between them. ${fault}`,
  );
}

function headerFault(columns: readonly string[], known: readonly string[]): string | null {
  const unknown = columns.find((column) => !known.includes(column));
  if (unknown !== undefined) return `There is no column ${JSON.stringify(unknown.slice(0, 100))}.`;
  const doubled = columns.find((column, index) => columns.indexOf(column) !== index);
  if (doubled !== undefined) return `The column ${doubled} is there twice.`;
  return columns.includes('email') ? null : 'The column email is missing.';
}

function toRecord(line: number, fields: string[] | null, columns: readonly string[]): FileRecord {
  if (!fields) return { line, fault: 'has a quote in the wrong place, or one that is not closed' };
  if (fields.length !== columns.length) {
    return { line, fault: `has ${fields.length} fields, and the first line names ${columns.length}` };
  }
  const entries = columns.map((column, index) => [column, fields[index]]);
  return { line, fields: Object.fromEntries(entries.filter(([, value]) => value !== '')) as object };
}

/** The fields of a record that begins with this text; null if there is none, and then only this line is used up. */
async function readFields(text: string, source: LineSource): Promise<string[] | null> {
  const taken: Line[] = [];
  let record = text;
  for (;;) {
    const fields = parseFields(record);
    if (Array.isArray(fields)) return fields;
    const more = fields === 'open' && taken.length < MAX_CONTINUATION ? await source.next() : undefined;
    if (more) taken.push(more);
    if (typeof more?.text !== 'string') break;
    record += `\n${more.text}`;
  }
  source.giveBack(taken);
  return null;
}

/** `open` if a quoted field goes on after the end of the text, null if the text is no record. */
function parseFields(text: string): string[] | 'open' | null {
  // Where nothing is quoted, the format is as simple as this, and this is many times as fast.
  if (!text.includes('"')) return text.split(',');
  try {
    return parse(text, { record_delimiter: '\0' })[0] ?? null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'open' : null;
  }
}
