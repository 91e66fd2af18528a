const MAX_LINES_PER_SECOND = 20;

/** Limits similar log lines to a number per second and key. A flood of rejections then costs no disk. */
export class LineSampler {
  private counts = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param report called at the end of a second for each key whose lines were not all admitted */
  constructor(private readonly report: (key: string, suppressed: number) => void) {}

  /** Returns whether to log a line. @param key one of a bounded number of values, such as a problem code */
  admits(key: string): boolean {
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    this.timer ??= setTimeout(() => this.endSecond(), 1_000).unref();
    return count <= MAX_LINES_PER_SECOND;
  }

  /** Reports the suppressed lines, and lets the next second start with the next line. */
  endSecond(): void {
    const { counts } = this;
    this.counts = new Map();
    this.timer = undefined;
    for (const [key, count] of counts) {
      if (count > MAX_LINES_PER_SECOND) this.report(key, count - MAX_LINES_PER_SECOND);
    }
  }
}
