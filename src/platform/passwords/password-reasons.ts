import type { Judgement } from './password-strength.worker.js';

/** Why a password is easy to guess, for the person who chose it. Each reads on from the name of the field. */
const REASONS: Readonly<Record<NonNullable<Judgement['warning']>, string>> = {
  straightRow: 'is a row of keys on the keyboard',
  keyPattern: 'is a short pattern on the keyboard',
  simpleRepeat: 'is one character again and again',
  extendedRepeat: 'is the same few characters again and again',
  sequences: 'is a common sequence, such as abcd or 6543',
  recentYears: 'is little more than a year',
  dates: 'is little more than a date',
  topTen: 'is a very common password',
  topHundred: 'is a very common password',
  common: 'is a very common password',
  similarToCommon: 'is similar to a very common password',
  wordByItself: 'is a single word',
  namesByThemselves: 'is little more than a name',
  commonNames: 'is little more than a common name',
  userInputs: 'is much like your address, your name or the name of this product',
  pwned: 'was found among stolen passwords',
};

/** The reason behind a judgement; a general one where the library has none. */
export function reasonFor({ warning }: Judgement): string {
  return warning === null ? 'is too easy to guess: add another word or two' : REASONS[warning];
}
