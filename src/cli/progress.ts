import { SingleBar } from 'cli-progress';

/** A progress bar on a terminal. Prints nothing to a pipe or a log file. */
export class Progress {
  private readonly bar: SingleBar;

  /** @param subject a plural noun, such as `sessions` */
  constructor(subject: string) {
    this.bar = new SingleBar({
      format: `${subject} [{bar}] {percentage} % | {note}`,
      barCompleteChar: '#',
      barIncompleteChar: '-',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
    });
    this.bar.start(1, 0, { note: '' });
  }

  /** @param progress from 0 to 1 */
  show(progress: number, note: string): void {
    this.bar.update(progress, { note });
  }

  /** Removes the bar, so that the next line replaces it. */
  end(): void {
    this.bar.stop();
  }
}
