/** One line of a text file. */
export interface Line {
  /** Counted from 1, as editors do. */
  readonly number: number;
  /** Without its end; null if it is far too long. */
  readonly text: string | null;
}

/** Longer lines are none of a person's: a missing end, or a file that is something else. */
const MAX_LENGTH = 100_000;

/**
 * The lines of a text that arrives in chunks, in bounded memory, whatever the text is. Ends are LF or CRLF; a byte order
 * mark at the beginning is left out.
 */
export async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<Line, undefined> {
  let number = 0;
  let rest = '';
  let isCut = false;
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      yield toLine(++number, part, isCut);
      isCut = false;
    }
    if (rest.length > MAX_LENGTH) [rest, isCut] = ['', true];
  }
  if (rest !== '' || isCut) yield toLine(number + 1, rest, isCut);
  return undefined;
}

function toLine(number: number, text: string, isCut: boolean): Line {
  if (isCut || text.length > MAX_LENGTH) return { number, text: null };
  const line = text.replace(/\r$/, '');
  return { number, text: number === 1 ? line.replace(/^\uFEFF/, '') : line };
}
