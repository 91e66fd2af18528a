import { createRequire } from 'node:module';

export const MIN_WORD = 2;
export const MAX_WORD = 16;

interface WordLists {
  readonly dictionary: Readonly<Record<string, readonly string[]>>;
}

let loaded: ReadonlyMap<string, number> | undefined;

/** Returns words and common passwords with their ranks. The first call loads the lists. */
export function loadWords(): ReadonlyMap<string, number> {
  return (loaded ??= readLists());
}

function readLists(): ReadonlyMap<string, number> {
  const require = createRequire(import.meta.url);
  const { dictionary: english } = require('@zxcvbn-ts/language-en') as WordLists;
  const { dictionary: common } = require('@zxcvbn-ts/language-common') as WordLists;
  const words = new Map<string, number>();
  for (const list of [english['commonWords-en'], common['passwords-common']]) {
    list?.forEach((word, index) => {
      if (word.length >= MIN_WORD && word.length <= MAX_WORD && (words.get(word) ?? Infinity) > index)
        words.set(word, index + 1);
    });
  }
  return words;
}
