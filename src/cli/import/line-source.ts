import type { Line } from './lines.js';

/** Lines to be read one by one, some of which can be given back. */
export class LineSource {
  private readonly iterator: AsyncIterator<Line, undefined>;
  private readonly returned: Line[] = [];

  constructor(lines: AsyncGenerator<Line, undefined>) {
    this.iterator = lines[Symbol.asyncIterator]();
  }

  /** The next line; undefined at the end. */
  async next(): Promise<Line | undefined> {
    return this.returned.shift() ?? (await this.iterator.next()).value;
  }

  /** Puts lines back, to be read again in this order. */
  giveBack(lines: readonly Line[]): void {
    this.returned.unshift(...lines);
  }
}
