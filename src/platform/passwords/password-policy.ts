import { domainToUnicode } from 'node:url';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { normalizePassword } from './normalize-password.js';
import type * as worker from './password-strength.worker.js';
import { PasswordTooWeakError } from './passwords.errors.js';
import { WorkerPool } from './worker-pool.js';

/** In code points (ASVS 6.2.1, 6.2.9). */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 128;

/** Nearly all passwords of eight random characters need more. A very common password followed by a year needs fewer. */
const MIN_GUESSES = 1e7;
/** The running time of the library grows with the longest word. */
const MAX_WORD_LENGTH = 32;

/** Shorter words occur in many passwords by chance. */
const MIN_WORD_LENGTH = 4;
/** How many characters a password must have besides the user's own words. */
const MIN_OTHER_CHARACTERS = 8;

/** Why a password is easy to guess, to follow `The password`. The keys are the warnings of the library. */
const REASONS: Readonly<Record<NonNullable<worker.Strength['warning']>, string>> = {
  straightRow: 'is a row of keys on the keyboard',
  keyPattern: 'is a short pattern on the keyboard',
  simpleRepeat: 'repeats one character',
  extendedRepeat: 'repeats the same few characters',
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
  userInputs: 'is too similar to your email, your name or the name of this product',
  pwned: 'is known from a data breach',
};

export interface PasswordOwner {
  readonly email: string;
  readonly name?: string | null | undefined;
}

/** Decides which new passwords are accepted. Does not apply to existing passwords. */
@Injectable()
export class PasswordPolicy implements OnApplicationShutdown {
  private readonly productName: string;
  /** One thread, because each needs 70 MB for the word lists. */
  private readonly pool = new WorkerPool<typeof worker>('password-strength.worker', {
    threads: 1,
    maxWaiting: 128,
    idleTimeoutMs: 60_000,
  });

  constructor(@InjectConfig() config: Config) {
    this.productName = config.productName;
  }

  /**
   * Rejects passwords that do not have 8 to 128 code points, that are common, or that are similar to the user's email or
   * name or the product's name (ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9). Uses no external service.
   *
   * @param pointer the JSON pointer of the password in the input, for example `/newPassword`
   * @throws PasswordTooWeakError with the reason
   * @throws OverloadedError if too many passwords wait to be checked
   */
  async assertAcceptable(password: string, owner: PasswordOwner, pointer: string): Promise<void> {
    const reason = await this.rejectionReason(normalizePassword(password), owner);
    if (reason !== null) throw new PasswordTooWeakError([{ pointer, message: reason }]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  private async rejectionReason(password: string, owner: PasswordOwner): Promise<string | null> {
    const length = [...password].length;
    if (length < PASSWORD_MIN) return `must have at least ${PASSWORD_MIN} characters`;
    if (length > PASSWORD_MAX) return `must have at most ${PASSWORD_MAX} characters`;
    const words = ownWords(owner, this.productName);
    if (consistsOf(words, password)) return REASONS.userInputs;
    const shortWords = words.map((word) => word.slice(0, MAX_WORD_LENGTH));
    const { guesses, warning } = await this.pool.run('estimate', { password, words: shortWords });
    if (guesses >= MIN_GUESSES) return null;
    return warning === null ? 'is too easy to guess. Add another word or two' : REASONS[warning];
  }
}

/** Passwords and words are compared in this form. */
const fold = (text: string) => text.normalize('NFKC').toLowerCase();

const withoutPunctuation = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '');
const splitAtPunctuation = (text: string) => text.split(/[^\p{L}\p{N}]+/u);

/**
 * Returns the words that attackers try first: the email and its parts, the name and its parts, and the product's name, with
 * and without punctuation. Longest first.
 */
function ownWords({ email, name }: PasswordOwner, productName: string): string[] {
  const [local = '', domain = ''] = email.split('@');
  // An internationalized domain is stored in ASCII, such as `xn--exmple-cua.com`.
  const typed = domainToUnicode(domain);
  const labels = typed.split('.').slice(0, -1);
  const texts = [email, local, domain, typed, ...labels, name ?? '', productName];
  const words = [...texts, ...texts.map(withoutPunctuation), ...texts.flatMap(splitAtPunctuation)].map(fold);
  return [...new Set(words)].filter((word) => word !== '').sort((a, b) => b.length - a.length);
}

/** Returns whether the password contains such words and too little else. */
function consistsOf(words: readonly string[], password: string): boolean {
  const text = fold(password);
  const longWords = words.filter((word) => word.length >= MIN_WORD_LENGTH);
  const rest = longWords.reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && [...rest].length < MIN_OTHER_CHARACTERS;
}
