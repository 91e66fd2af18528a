import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CommandError } from '../errors.js';
import { readCsv, readNdjson, type FileRecord } from './records.js';

const READERS = new Map([
  ['.csv', readCsv],
  ['.ndjson', readNdjson],
  ['.jsonl', readNdjson],
]);

/** A file of users of any size, read in bounded memory. */
export class UserFile {
  private readonly stream: ReadStream;

  private constructor(
    path: string,
    private readonly size: number,
    private readonly read: typeof readCsv,
  ) {
    this.stream = createReadStream(path, { encoding: 'utf8' });
  }

  /** @throws CommandError if the file does not exist, is empty or has an unknown extension */
  static async open(path: string): Promise<UserFile> {
    const read = READERS.get(extname(path).toLowerCase());
    if (!read) throw new CommandError(`The file name must end in one of ${[...READERS.keys()].join(', ')}.`);
    const stats = await stat(path).catch(() => null);
    if (!stats?.isFile()) throw new CommandError(`File not found: ${path}`);
    if (stats.size === 0) throw new CommandError(`The file ${path} is empty.`);
    return new UserFile(path, stats.size, read);
  }

  /** The part that has been read, from 0 to 1. */
  get progress(): number {
    return Math.min(1, this.stream.bytesRead / this.size);
  }

  /** @param fieldNames the columns or fields that the file may have */
  records(fieldNames: readonly string[]): AsyncGenerator<FileRecord> {
    return this.read(this.stream as AsyncIterable<string>, fieldNames);
  }

  close(): void {
    this.stream.destroy();
  }
}
