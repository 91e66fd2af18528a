import { SingleBar } from 'cli-progress';

/** Shows how far something long is, while a person looks on; where nobody does, in a pipe or a log, nothing. */
export class Progress {
  private readonly bar: SingleBar;

  /** @param what is being done, such as `sessions` */
  constructor(what: string) {
    this.bar = new SingleBar({
      format: `${what} [{bar}] {percentage} % | {note}`,
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

  /** Takes the bar away, so that the next line stands in its place. */
  end(): void {
    this.bar.stop();
  }
}
