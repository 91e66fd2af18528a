import { MAX_WORD, MIN_WORD } from './secret-words.js';

/** The order of keys and characters, and the sequences from which a website generates keys. A secret may copy any part. */
const SEQUENCES = [
  'abcdefghijklmnopqrstuvwxyz0123456789abcdef9876543210',
  'qwertyuiopasdfghjklzxcvbnm`1234567890-=~!@#$%^&*()_+{}|[]\\:";\'<>?,./',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p 1q2w3e4r5t6y7u8i9o0p',
  '%c*f-jandrgukxp2s5v8y/b?e(g+kbpeshvmyq3t6w9z$c&j@mcqftjwnzr4u7x!a%d*g-kapdsgvkyp3s6v9y$b&e(h+mbqethwmzq4t7w!z%c*f)j@ncrfujxn2r5u8x/a?d(g+kbpesgvkyp',
].join('\n');
/** Shorter copies occur by chance. */
const MIN_COPY = 4;
/** Where each group of `MIN_COPY` characters occurs in `SEQUENCES`. */
const STARTS = new Map<string, number[]>();
for (let at = 0; at + MIN_COPY <= SEQUENCES.length; at += 1) {
  const part = SEQUENCES.slice(at, at + MIN_COPY);
  STARTS.set(part, [...(STARTS.get(part) ?? []), at]);
}
/** Separators between words are common. */
const SEPARATOR_BITS = 3;
/** Choosing where a copy starts and how long it is. */
const COPY_BITS = 12;
/** Choosing by how much a copy is shifted, as in `aabbccdd`. */
const SHIFT_BITS = 4;
const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/**
 * Returns an upper bound for the bits that describe a secret, if it consists of words, keyboard rows, counting, and
 * copies of its own parts. Random characters count in full.
 */
export function bitsOf(secret: string, words: ReadonlyMap<string, number>): number {
  const text = secret.toLowerCase();
  const plain = [...text].map((character) => LEET[character] ?? character).join('');
  const literal = literalBits(secret);
  /** The fewest bits that describe the first characters, by their number. */
  const best = new Float64Array(text.length + 1).fill(Infinity);
  best[0] = 0;
  for (let at = 0; at < text.length; at += 1) {
    const reach = (length: number, bits: number) => {
      best[at + length] = Math.min(best[at + length] ?? 0, (best[at] ?? 0) + bits);
    };
    reach(1, /[ ._-]/.test(text.charAt(at)) ? SEPARATOR_BITS : literal);
    for (let length = MIN_WORD; words.size > 0 && length <= MAX_WORD && at + length <= text.length; length += 1) {
      const rank = words.get(text.slice(at, at + length)) ?? words.get(plain.slice(at, at + length));
      if (rank !== undefined) reach(length, Math.log2(rank) + 1 + caseBits(secret.slice(at, at + length)));
    }
    for (const from of STARTS.get(text.slice(at, at + MIN_COPY)) ?? []) {
      const longest = equalLength(text, at, SEQUENCES, from, 0);
      for (let length = MIN_COPY; length <= longest; length += 1) reach(length, COPY_BITS);
    }
    for (let from = 0; from < at; from += 1) {
      const shift = text.charCodeAt(at) - text.charCodeAt(from);
      const longest = equalLength(text, at, text, from, shift);
      const bits = COPY_BITS + (shift === 0 ? 0 : SHIFT_BITS);
      for (let length = MIN_COPY; length <= longest; length += 1) reach(length, bits);
    }
  }
  return best[text.length] ?? 0;
}

/** Returns how many characters from `at` are `shift` above those of `source`. */
function equalLength(text: string, at: number, source: string, from: number, shift: number): number {
  let length = 0;
  while (at + length < text.length && text.charCodeAt(at + length) - source.charCodeAt(from + length) === shift)
    length += 1;
  return length;
}

/** Returns how many bits a random character of the secret's alphabet has. */
export function literalBits(secret: string): number {
  return Math.log2(alphabetSize(secret));
}

function alphabetSize(secret: string): number {
  if (/^[\da-f]*$/i.test(secret)) return 16;
  const classes: readonly [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/\d/, 10],
    [/[!-/:-@[-`{-~ ]/, 32],
    [/[^\x20-\x7e]/, 100],
  ];
  return classes.reduce((size, [pattern, count]) => size + (pattern.test(secret) ? count : 0), 0);
}

/** Words in lower case, in capitals or with one initial capital are common. */
function caseBits(word: string): number {
  return /^(?:[^A-Z]*|[^a-z]*|[A-Z][^A-Z]*)$/.test(word) ? 1 : word.length;
}
