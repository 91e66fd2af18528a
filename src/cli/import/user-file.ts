import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CommandError } from '../errors.js';
import { csvRecords } from './csv-records.js';
import type { FileRecord } from './file-record.js';
import { readLines } from './lines.js';
import { ndjsonRecords } from './ndjson-records.js';

const FORMATS = new Map([
  ['.csv', csvRecords],
  ['.ndjson', ndjsonRecords],
  ['.jsonl', ndjsonRecords],
]);

/** A file of users, read piece by piece, however large it is. */
export class UserFile {
  private readonly stream: ReadStream;

  private constructor(
    path: string,
    private readonly size: number,
    private readonly format: typeof csvRecords,
  ) {
    this.stream = createReadStream(path, { encoding: 'utf8' });
  }

  /** @throws CommandError if there is no such file, or nothing in it */
  static async open(path: string): Promise<UserFile> {
    const format = FORMATS.get(extname(path).toLowerCase());
    if (!format) throw new CommandError(`The name of the file has to end in one of ${[...FORMATS.keys()].join(', ')}.`);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) throw new CommandError(`There is no file ${path}.`);
    if (found.size === 0) throw new CommandError(`The file ${path} is empty.`);
    return new UserFile(path, found.size, format);
  }

  /** How much of it has been read, from 0 to 1. */
  get progress(): number {
    return Math.min(1, this.stream.bytesRead / this.size);
  }

  /** @param known the names of the columns or fields */
  records(known: readonly string[]): AsyncGenerator<FileRecord> {
    return this.format(readLines(this.stream as AsyncIterable<string>), known);
  }

  close(): void {
    this.stream.destroy();
  }
}
