import { open, rm, type FileHandle } from 'node:fs/promises';

const MAX_PRINTED = 10;

/** Collects rejected lines: all in a CSV file, which exists only if there are any, and the first ones for the terminal. */
export class RejectionReport {
  private readonly first: string[] = [];
  private total = 0;
  private file: FileHandle | undefined;

  private constructor(private readonly path: string) {}

  /** Deletes the report of an earlier run. */
  static async create(path: string): Promise<RejectionReport> {
    await rm(path, { force: true });
    return new RejectionReport(path);
  }

  get count(): number {
    return this.total;
  }

  async add(rejected: readonly { readonly line: number; readonly reason: string }[]): Promise<void> {
    if (rejected.length === 0) return;
    this.total += rejected.length;
    const printed = rejected.slice(0, MAX_PRINTED - this.first.length);
    this.first.push(...printed.map(({ line, reason }) => `line ${line}: ${reason}`));
    this.file ??= await this.createFile();
    await this.file.write(rejected.map(({ line, reason }) => `${line},"${reason.replaceAll('"', '""')}"\n`).join(''));
  }

  /** Closes the file and returns the lines for the terminal. */
  async close(): Promise<string[]> {
    await this.file?.close();
    if (this.total <= MAX_PRINTED) return this.first;
    return [...this.first, `and ${this.total - MAX_PRINTED} more, see ${this.path}`];
  }

  private async createFile(): Promise<FileHandle> {
    const file = await open(this.path, 'w', 0o600);
    await file.write('line,reason\n');
    return file;
  }
}
