import { createHash } from 'node:crypto';
import { secretWeakness } from './secret-strength.js';

/** For each of the four generators, so a million in total. */
const SAMPLES = 250_000;
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const SYMBOLS = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** Returns bytes that look random and are the same in each run. */
const bytesOf = (seed: string, length: number): Buffer =>
  createHash('shake256', { outputLength: length }).update(seed).digest();

/** Chooses without a preference for some characters, as password managers do. */
function choose(seed: string, alphabet: string, length: number): string {
  const limit = 256 - (256 % alphabet.length);
  const bytes = [...bytesOf(seed, length * 4)].filter((byte) => byte < limit);
  return bytes
    .map((byte) => alphabet.charAt(byte % alphabet.length))
    .slice(0, length)
    .join('');
}

describe('secretWeakness', () => {
  it.each<[string, (seed: string, length: number) => string]>([
    ['openssl rand -base64 48', (seed) => bytesOf(seed, 48).toString('base64')],
    ['openssl rand -hex 32', (seed) => bytesOf(seed, 32).toString('hex')],
    ['a password manager, with symbols', (seed, length) => choose(seed, LOWER + UPPER + DIGITS + SYMBOLS, length)],
    ['a password manager, without symbols', (seed, length) => choose(seed, LOWER + UPPER + DIGITS, length)],
  ])(
    'accepts every secret of %s',
    (name, create) => {
      const rejected: string[] = [];
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        // Shorter ones are rejected for their length.
        const secret = create(`${name} ${sample}`, 32 + (sample % 33));
        if (secretWeakness(secret) !== null) rejected.push(secret);
      }
      expect(rejected).toEqual([]);
    },
    600_000,
  );
});
