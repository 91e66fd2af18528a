import type { DestinationStream } from 'pino';

/** Keeps what an instance logs, for tests that read it: pass it as `log`. */
export class LogLines implements DestinationStream {
  private written = '';

  write(text: string): void {
    this.written += text;
  }

  /** Everything since the last `clear`, as it would stand in a file. */
  get text(): string {
    return this.written;
  }

  /** The lines, each parsed; a line that is not one JSON object is an error. */
  get records(): Record<string, unknown>[] {
    const lines = this.written.split('\n');
    if (lines.pop() !== '') throw new Error('The last line has no end.');
    return lines.map((line) => {
      const record: unknown = JSON.parse(line);
      if (typeof record !== 'object' || record === null || Array.isArray(record)) throw new Error(`No object: ${line}`);
      return record as Record<string, unknown>;
    });
  }

  clear(): void {
    this.written = '';
  }
}
