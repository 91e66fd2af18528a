import { open, rm, type FileHandle } from 'node:fs/promises';

/** How many are shown on the screen. */
const SHOWN = 10;

/** What was refused and why: all of it in a CSV file, which is there only if anything was, and the first on the screen. */
export class RejectionReport {
  private readonly first: string[] = [];
  private total = 0;
  private file: FileHandle | undefined;

  private constructor(private readonly path: string) {}

  /** Deletes the report of an earlier run. */
  static async at(path: string): Promise<RejectionReport> {
    await rm(path, { force: true });
    return new RejectionReport(path);
  }

  get count(): number {
    return this.total;
  }

  async add(refused: readonly { readonly line: number; readonly reason: string }[]): Promise<void> {
    if (refused.length === 0) return;
    this.total += refused.length;
    const shown = refused.slice(0, SHOWN - this.first.length);
    this.first.push(...shown.map(({ line, reason }) => `line ${line}: ${reason}`));
    this.file ??= await this.create();
    await this.file.write(refused.map(({ line, reason }) => `${line},"${reason.replaceAll('"', '""')}"\n`).join(''));
  }

  /** Finishes the report, and gives what the screen shows of it. */
  async close(): Promise<string[]> {
    await this.file?.close();
    if (this.total <= SHOWN) return this.first;
    return [...this.first, `and ${this.total - SHOWN} more: see ${this.path}`];
  }

  private async create(): Promise<FileHandle> {
    const file = await open(this.path, 'w', 0o600);
    await file.write('line,reason\n');
    return file;
  }
}
