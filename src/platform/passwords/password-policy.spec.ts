import { createHash, randomInt } from 'node:crypto';
import { dictionary } from '@zxcvbn-ts/language-common';
import { rounds } from '../../../test/support/rounds.js';
import { parseEnvironment } from '../../config/env.js';
import { PasswordPolicy } from './password-policy.js';
import { PasswordTooWeakError } from './passwords.errors.js';
import { threadTaskSeconds } from './passwords.metrics.js';

const ADA = { email: 'ada.lovelace@engine-works.example.com', name: 'Ada Lovelace' };
const ASCII = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const EMOJI = Array.from({ length: 100 }, (_, i) => String.fromCodePoint(0x1f400 + i));

const random = (length: number, from: readonly string[]) =>
  Array.from({ length }, () => from[randomInt(from.length)]).join('');

/** Returns 8 pseudo-random characters that are the same in every run. About one in a thousand truly random passwords is weak. */
const pseudoRandom = (seed: number) =>
  [...createHash('sha256').update(`drawn ${seed}`).digest().subarray(0, 8)].map((byte) => ASCII[byte % 94]).join('');

describe('PasswordPolicy', () => {
  const policy = new PasswordPolicy(parseEnvironment({ PRODUCT_NAME: 'Night Ferry' }));
  afterAll(() => policy.onApplicationShutdown());

  it('loads the word lists before the first password', async () => {
    const preloaded = new PasswordPolicy(parseEnvironment({}));
    const observe = jest.spyOn(threadTaskSeconds, 'observe');
    await preloaded.preload();
    expect(observe.mock.calls.map(([, labels]) => labels)).toEqual([{ pool: 'password-strength.worker' }]);
    observe.mockRestore();
    await preloaded.onApplicationShutdown();
    await expect(preloaded.preload()).resolves.toBeUndefined();
  });

  /** Returns why a password is rejected, or `null` if it is accepted. */
  async function rejection(password: string, person: { email: string; name?: string | null } = ADA) {
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
    ['a passphrase without spaces and capitals', 'sevenlanternsatdusk'],
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
    ['spaces, quotes and line breaks', ` '"\n\t\\ ;-- `],
    ['a passphrase that contains the user’s name', 'ada counts seven lanterns'],
    ['a passphrase that contains the product’s name', 'the night ferry has seven lanterns'],
  ])('accepts %s', async (_, password) => {
    expect(await rejection(password)).toBeNull();
  });

  it('accepts 100 pseudo-random passwords of 8 characters', async () => {
    const passwords = Array.from({ length: 100 }, (_, i) => pseudoRandom(i));
    const reasons = await Promise.all(passwords.map((password) => rejection(password)));
    expect(passwords.filter((_, i) => reasons[i] !== null)).toEqual([]);
  });

  it.each([
    ['7 characters', 'xK9#mPq', 'must have at least 8 characters'],
    ['7 characters of four bytes', '🏮🐉🌒🚲🥝🪁🧭', 'must have at least 8 characters'],
    ['129 characters', random(129, ASCII), 'must have at most 128 characters'],
    ['a common password', 'password', 'is very common'],
    ['a common password with a digit', 'password1', 'is very common'],
    ['a common password with similar characters', 'p@ssw0rd!', 'is similar to a very common one'],
    ['a common password, reversed', 'drowssap', 'is similar to a very common one'],
    ['a row of keys', 'qwertyuiop[]', 'is a row of keys on the keyboard'],
    ['a sequence', 'cdefghijk', 'is a common sequence, such as abcd or 6543'],
    ['a repeated character', 'x'.repeat(72), 'repeats one character'],
    ['a repeated emoji', '🐉'.repeat(100), 'repeats the same few characters'],
    ['a repeated word', 'lantern'.repeat(18), 'repeats the same few characters'],
    ['a date', '27.02.1993', 'is little more than a date'],
    ['a name', 'Montgomery', 'is little more than a name'],
  ])('rejects %s with the reason', async (_, password, reason) => {
    expect(await rejection(password)).toBe(reason);
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
  ])('rejects variations of the user’s email or name, or the product’s name: %s', async (password) => {
    expect(await rejection(password)).toBe('is too similar to your email, your name or the name of this product');
  });

  it('rejects the user’s name in full-width letters', async () => {
    expect(await rejection('Ｌｏｖｅｌａｃｅ')).not.toBeNull();
  });

  it('accepts the uncommon name of another person', async () => {
    expect(await rejection('Ottilie Brandsteidl', { email: 'x@example.com', name: null })).toBeNull();
  });

  describe('rejects the 3,000 most common passwords of accepted length', () => {
    const common = dictionary['passwords-common'].filter((password) => password.length >= 8).slice(0, 3_000);
    const BATCH = 100;
    /** Each check takes 2 ms, so the usual run takes every sixth password. */
    const STEP = rounds(6, 1);

    it.each(Array.from({ length: 30 / STEP }, (_, i) => i * BATCH * STEP))('from number %i', async (start) => {
      const batch = Array.from({ length: BATCH }, (_, i) => common[start + i * STEP] ?? '');
      const reasons = await Promise.all(batch.map((password) => rejection(password)));
      expect(batch.filter((password, i) => !password || reasons[i] === null)).toEqual([]);
    });
  });
});
