import { ZxcvbnFactory, type TranslationKeys } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';

export interface Judgement {
  /** How many guesses a good guesser needs. */
  readonly guesses: number;
  /** What makes it easy to guess, in the library's words; null where it has none. */
  readonly warning: keyof TranslationKeys['warnings'] | null;
}

export interface Judged {
  readonly password: string;
  /** What a guesser would try first: words about the person and the product. */
  readonly words: readonly string[];
}

/**
 * What is judged of a password, and how many readings of `4` as `a` and the like are tried. The library's time grows
 * faster than the length: with its own limits (256 and 100) the worst of 128 characters takes seconds, with these
 * a tenth of one. A password whose first 64 units are weak is refused, whatever follows.
 */
const LIMITS = { maxLength: 64, l33tMaxSubstitutions: 10 };

const library = new ZxcvbnFactory({ ...LIMITS, dictionary: { ...common, ...english }, graphs: adjacencyGraphs });

/** Judges how hard a password is to guess. Runs in a thread: the word lists take 70 MB and a third of a second. */
export function judge({ password, words }: Judged): Judgement {
  const { guesses, feedback } = library.check(password, [...words]);
  // Without translations, the library's texts are their own keys.
  return { guesses, warning: feedback.warning as Judgement['warning'] };
}
