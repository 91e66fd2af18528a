import type { DestinationStream } from 'pino';

/** Collects the log of an instance. Pass it as `log`. */
export class LogLines implements DestinationStream {
  private written = '';

  write(text: string): void {
    this.written += text;
  }

  /** The log since the last `clear`. */
  get text(): string {
    return this.written;
  }

  /** The parsed lines. Throws if a line is not a JSON object. */
  get records(): Record<string, unknown>[] {
    const lines = this.written.split('\n');
    if (lines.pop() !== '') throw new Error('The last line is incomplete.');
    return lines.map((line) => {
      const record: unknown = JSON.parse(line);
      if (typeof record !== 'object' || record === null || Array.isArray(record))
        throw new Error(`Not an object: ${line}`);
      return record as Record<string, unknown>;
    });
  }

  clear(): void {
    this.written = '';
  }
}
