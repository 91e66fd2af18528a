import { createHash, randomInt } from 'node:crypto';
import { dictionary } from '@zxcvbn-ts/language-common';
import { parseEnvironment } from '../../config/env.js';
import { PasswordPolicy } from './password-policy.js';
import { PasswordTooWeakError } from './passwords.errors.js';

const ADA = { email: 'ada.lovelace@engine-works.example.com', name: 'Ada Lovelace' };
const ASCII = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const EMOJI = Array.from({ length: 100 }, (_, i) => String.fromCodePoint(0x1f400 + i));

const random = (length: number, from: readonly string[]) =>
  Array.from({ length }, () => from[randomInt(from.length)]).join('');

/** 8 characters as if they were drawn, the same in every run. Of those that are, one in some thousand reads like words. */
const drawn = (seed: number) =>
  [...createHash('sha256').update(`drawn ${seed}`).digest().subarray(0, 8)].map((byte) => ASCII[byte % 94]).join('');

describe('the password policy', () => {
  const policy = new PasswordPolicy(parseEnvironment({ PRODUCT_NAME: 'Night Ferry' }));
  afterAll(() => policy.onApplicationShutdown());

  /** Why a password is refused; null for one that is taken. */
  async function refusal(password: string, person: { email: string; name?: string | null } = ADA) {
    try {
      await policy.assertAcceptable(password, person, '/newPassword');
      return null;
    } catch (error) {
      if (!(error instanceof PasswordTooWeakError)) throw error;
      const [{ pointer, message } = { pointer: '', message: '' }] = error.extensions.errors;
      expect(pointer).toBe('/newPassword');
      return message;
    }
  }

  it.each([
    ['a passphrase', 'seven lanterns at dusk'],
    ['a passphrase with no blanks and no capital', 'sevenlanternsatdusk'],
    ['letters alone', 'qmvzkwtrhg'],
    ['digits alone', '749203816457'],
    ['8 random characters', 'xK9#mPq2'],
    ['64 random ASCII characters', random(64, ASCII)],
    ['72 random bytes', random(72, ASCII)],
    ['128 random ASCII characters', random(128, ASCII)],
    ['100 emoji', EMOJI.join('')],
    ['128 random emoji', random(128, EMOJI)],
    ['8 different emoji', '🏮🐉🌒🚲🥝🪁🧭🎻'],
    ['another alphabet', 'семь фонарей в сумерках'],
    ['blanks, quotes and line breaks', ` '"\n\t\\ ;-- `],
    ['a passphrase that has the person’s name in it', 'ada counts seven lanterns'],
    ['a passphrase that has the product’s name in it', 'the night ferry has seven lanterns'],
  ])('takes %s', async (_, password) => {
    expect(await refusal(password)).toBeNull();
  });

  it('takes 100 passwords of 8 characters that were drawn', async () => {
    const passwords = Array.from({ length: 100 }, (_, i) => drawn(i));
    const refused = await Promise.all(passwords.map((password) => refusal(password)));
    expect(passwords.filter((_, i) => refused[i] !== null)).toEqual([]);
  });

  it.each([
    ['7 characters', 'xK9#mPq', 'must have at least 8 characters'],
    ['7 characters of four bytes', '🏮🐉🌒🚲🥝🪁🧭', 'must have at least 8 characters'],
    ['129 characters', random(129, ASCII), 'must have at most 128 characters'],
    ['one of the most used', 'password', 'is a very common password'],
    ['one of the most used with a digit', 'password1', 'is a very common password'],
    ['one of the most used with look-alikes', 'p@ssw0rd!', 'is similar to a very common password'],
    ['one of the most used, backwards', 'drowssap', 'is similar to a very common password'],
    ['a row of keys', 'qwertyuiop[]', 'is a row of keys on the keyboard'],
    ['a sequence', 'cdefghijk', 'is a common sequence, such as abcd or 6543'],
    ['one character again and again', 'x'.repeat(72), 'is one character again and again'],
    ['one emoji again and again', '🐉'.repeat(100), 'is the same few characters again and again'],
    ['a word again and again', 'lantern'.repeat(18), 'is the same few characters again and again'],
    ['a date', '27.02.1993', 'is little more than a date'],
    ['one name', 'Montgomery', 'is little more than a name'],
  ])('refuses %s, and says so', async (_, password, reason) => {
    expect(await refusal(password)).toBe(reason);
  });

  it.each([
    ...[
      'ada.lovelace@engine-works.example.com',
      'ADA.LOVELACE@ENGINE-WORKS.EXAMPLE.COM',
      'ada.lovelace',
      'engine-works',
    ],
    ...[
      'Ada Lovelace',
      'adalovelace',
      'Lovelace1815',
      'Ada Lovelace 1815!',
      'ecalevol',
      'l0v3lac3',
      'LovelaceLovelace',
    ],
    ...['Night Ferry', 'nightferry', 'NightFerry2026', 'night-ferry-admin', 'N1ghtF3rry!', 'lovelace@nightferry'],
  ])('refuses what is little more than the person’s address or name, or the product’s: %s', async (password) => {
    expect(await refusal(password)).toBe('is much like your address, your name or the name of this product');
  });

  it('refuses the same with letters of full width, which look alike', async () => {
    expect(await refusal('Ｌｏｖｅｌａｃｅ')).not.toBeNull();
  });

  it('has nothing against another person’s name, where it is hard to guess', async () => {
    expect(await refusal('Ottilie Brandsteidl', { email: 'x@example.com', name: null })).toBeNull();
  });

  it('refuses each of the 3,000 most used passwords that have a length that is taken', async () => {
    const most = dictionary['passwords-common'].filter((password) => password.length >= 8).slice(0, 3_000);
    const taken: string[] = [];
    for (let start = 0; start < most.length; start += 100) {
      const some = most.slice(start, start + 100);
      const refused = await Promise.all(some.map((password) => refusal(password)));
      taken.push(...some.filter((_, i) => refused[i] === null));
    }
    expect([most.length, taken]).toEqual([3_000, []]);
  });
});
