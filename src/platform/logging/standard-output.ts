import { fstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino, type DestinationStream } from 'pino';

const STDOUT = 1;
/** About 50,000 lines. More are dropped until the reader continues. */
const MAX_BUFFERED_BYTES = 16 * 1024 ** 2;
/** Shorter than any supervisor waits, because a reader that has stopped may never continue. */
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Returns the destination of the log. Writing to a full pipe must not block the process, because it could then not
 * handle a signal. Files and terminals are written directly.
 */
export function standardOutput(): DestinationStream {
  return isPipe() ? new PipeOutput() : pino.destination(STDOUT);
}

/** Waits until a pipe has taken all lines, but not for a reader that has stopped. */
export async function flushStandardOutput(): Promise<void> {
  const { stdout } = process;
  if (!isPipe() || stdout.destroyed || stdout.writableLength === 0) return;
  const flushed = new Promise<void>((resolve) => void stdout.write('', () => resolve()));
  await Promise.race([flushed, sleep(FLUSH_TIMEOUT_MS, undefined, { ref: false })]);
}

/** Writes to a pipe without waiting for its reader. */
class PipeOutput implements DestinationStream {
  private dropped = 0;

  constructor() {
    // The application goes on without a log if the reader closes the pipe.
    process.stdout.on('error', () => undefined);
  }

  write(line: string): void {
    const { stdout } = process;
    if (stdout.destroyed) return;
    if (stdout.writableLength > MAX_BUFFERED_BYTES) {
      this.dropped += 1;
      return;
    }
    if (this.dropped > 0) this.reportDropped();
    stdout.write(line);
  }

  private reportDropped(): void {
    const msg = `Dropped ${this.dropped} log lines, because nothing read the standard output.`;
    this.dropped = 0;
    process.stdout.write(`${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`);
  }
}

function isPipe(): boolean {
  // Without `bigint`, Node.js would keep the type of this file, and then not resolve symbolic links in module paths.
  const stats = fstatSync(STDOUT, { bigint: true });
  return stats.isFIFO() || stats.isSocket();
}
