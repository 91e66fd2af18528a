import { domainToUnicode } from 'node:url';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FieldError } from '../../common/field-error.js';
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

/** A process without registrations frees the memory of the word lists after this time. */
const IDLE_TIMEOUT_MS = 600_000;

/** Why a password is easy to guess, as a parameter and as a message. The keys are the warnings of the library. */
const REASONS: Readonly<Record<NonNullable<worker.Strength['warning']>, readonly [reason: string, message: string]>> = {
  straightRow: ['keyboard_row', 'is a row of keys on the keyboard'],
  keyPattern: ['keyboard_pattern', 'is a short pattern on the keyboard'],
  simpleRepeat: ['repetition', 'repeats one character'],
  extendedRepeat: ['repetition', 'repeats the same few characters'],
  sequences: ['sequence', 'is a common sequence, such as abcd or 6543'],
  recentYears: ['date', 'is little more than a year'],
  dates: ['date', 'is little more than a date'],
  topTen: ['common', 'is very common'],
  topHundred: ['common', 'is very common'],
  common: ['common', 'is very common'],
  similarToCommon: ['common', 'is similar to a very common one'],
  wordByItself: ['word', 'is a single word'],
  namesByThemselves: ['name', 'is little more than a name'],
  commonNames: ['name', 'is little more than a common name'],
  userInputs: ['own_words', 'is too similar to your email, your name or the name of this product'],
  pwned: ['breached', 'is known from a data breach'],
};

/** The reason if the library has no warning. */
const GUESSABLE = ['guessable', 'is too easy to guess. Add another word or two'] as const;

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
    idleTimeoutMs: IDLE_TIMEOUT_MS,
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
    const rejection = await this.findRejection(normalizePassword(password), owner);
    if (rejection) throw new PasswordTooWeakError([{ pointer, ...rejection }]);
  }

  /** Loads the word lists in the background, so that the first registration does not wait for them. */
  async preload(): Promise<void> {
    // If this fails, so does the first check, which reports it.
    await this.pool.run('estimate', { password: '', words: [] }).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  private async findRejection(password: string, owner: PasswordOwner): Promise<Omit<FieldError, 'pointer'> | null> {
    const length = [...password].length;
    const [min, max] = [PASSWORD_MIN, PASSWORD_MAX];
    if (length < min) return { code: 'too_short', params: { min }, message: `must have at least ${min} characters` };
    if (length > max) return { code: 'too_long', params: { max }, message: `must have at most ${max} characters` };
    const words = ownWords(owner, this.productName);
    if (consistsOf(words, password)) return easyToGuess(REASONS.userInputs);
    const shortWords = words.map((word) => word.slice(0, MAX_WORD_LENGTH));
    const { guesses, warning } = await this.pool.run('estimate', { password, words: shortWords });
    if (guesses >= MIN_GUESSES) return null;
    return easyToGuess(warning === null ? GUESSABLE : REASONS[warning]);
  }
}

function easyToGuess([reason, message]: readonly [string, string]): Omit<FieldError, 'pointer'> {
  return { code: 'easy_to_guess', params: { reason }, message };
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
