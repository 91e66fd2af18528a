import { ZxcvbnFactory, type TranslationKeys } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';

export interface Strength {
  /** How many guesses an attacker needs. */
  readonly guesses: number;
  /** Why the password is easy to guess, if the library knows a reason. */
  readonly warning: keyof TranslationKeys['warnings'] | null;
}

export interface StrengthTask {
  readonly password: string;
  /** Words that an attacker tries first. */
  readonly words: readonly string[];
}

/**
 * Only the first 64 characters of a password are checked, and only 10 substitutions such as `4` for `a`. With the default
 * limits of the library (256 and 100), some passwords of 128 characters take seconds. With these, they take 100 ms.
 */
const LIMITS = { maxLength: 64, l33tMaxSubstitutions: 10 };

const library = new ZxcvbnFactory({ ...LIMITS, dictionary: { ...common, ...english }, graphs: adjacencyGraphs });

/** Estimates how hard a password is to guess. */
export function estimate({ password, words }: StrengthTask): Strength {
  const { guesses, feedback } = library.check(password, [...words]);
  // Without translations, the library returns the keys of its warnings.
  return { guesses, warning: feedback.warning as Strength['warning'] };
}
