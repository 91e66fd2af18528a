import { TOO_LONG, type FileRecord } from './file-record.js';
import type { Line } from './lines.js';

/** The records of an NDJSON file: one JSON object in each line. */
export async function* ndjsonRecords(
  lines: AsyncGenerator<Line, undefined>,
  known: readonly string[],
): AsyncGenerator<FileRecord> {
  for await (const { number, text } of lines) {
    if (text === null) yield { line: number, fault: TOO_LONG };
    else if (text.trim() !== '') yield toRecord(number, text, known);
  }
}

function toRecord(line: number, text: string, known: readonly string[]): FileRecord {
  const fields = parseObject(text);
  if (!fields) return { line, fault: 'is not a JSON object' };
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) return { line, fault: `has an unknown field ${JSON.stringify(unknown.slice(0, 100))}` };
  return { line, fields };
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
