import { isUtf8 } from 'node:buffer';
import { isPublished } from './published-secrets.js';
import { bitsOf, literalBits } from './secret-bits.js';
import { loadWords } from './secret-words.js';

/** RFC 7518 §3.2: the key is at least as long as the output of the hash. */
const MIN_SECRET_BYTES = 32;

/** Words from tutorials and templates, long enough that random secrets practically never contain one. */
const PLACEHOLDER =
  /secret|change.?(me|this)|replace.?(me|this)|place.?holder|example|development|production|hard.?code|pass.?word|keyboard|quick.?brown|insecure|1234567890/i;
/** The beginning of a JSON Web Token. */
const TOKEN = /eyJ(?:hbGci|0eXAi|raWQi|jdHki)|eyJ[\w-]{8,}\.eyJ/;
/** UUIDs are not secrets (RFC 9562 §8): systems log and show them, and some contain the time and a network address. */
const UUID = /^\W?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\W?$/i;

const HEX = /^(?:[\da-f]{2})+$/i;
const BASE64 = /^[\w+/-]+=*$/;

/** Random secrets have more distinct characters than this. */
const MIN_DISTINCT_CHARACTERS = 10;
/** 32 random hexadecimal digits have 128 bits, of which chance patterns take at most a few. */
const MIN_BITS = 90;
/** Chance patterns make random secrets at most this much easier to describe. Sentences have half of their bits. */
const MIN_RANDOM_SHARE = 0.66;
/** The time of the check grows with the square of the length. */
const MAX_CHECKED_CHARACTERS = 256;
const MIN_RANDOM_WORDS = 6;
/** Sentences contain some of the most common words. */
const COMMON_WORDS = 300;
const ADVICE = 'Generate one with: openssl rand -base64 48';

/** Returns why a secret is too weak for production, or null (ASVS 11.2.3, RFC 8725 §3.5). */
export function secretWeakness(secret: string): string | null {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) return `must have at least ${MIN_SECRET_BYTES} bytes. ${ADVICE}`;
  if (PLACEHOLDER.test(secret) || isPublished(secret)) return `is a placeholder. ${ADVICE}`;
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS) return `has too few different characters. ${ADVICE}`;
  if (TOKEN.test(secret)) return `is a token. ${ADVICE}`;
  if (UUID.test(secret)) return `is a UUID. ${ADVICE}`;
  const decoded = decode(secret);
  const texts = [secret, ...decoded, ...decoded.flatMap(decode)];
  const isMadeUp = texts.some((text) => PLACEHOLDER.test(text) || !isRandom(text));
  return isMadeUp ? `is a placeholder, a phrase or a pattern. ${ADVICE}` : null;
}

/** Returns whether a text does not consist of words, keyboard rows, counting or repetition. */
function isRandom(whole: string): boolean {
  const text = whole.slice(0, MAX_CHECKED_CHARACTERS);
  const words = looksLikeWords(text) ? loadWords() : new Map<string, number>();
  const bits = bitsOf(text, words);
  if (bits < MIN_BITS) return false;
  return bits > MIN_RANDOM_SHARE * text.length * literalBits(text) || areRandomWords(text, words);
}

/** Returns whether much of a text is in runs of letters of one case, which is rare if it is random. */
function looksLikeWords(text: string): boolean {
  const hasOneCase = text === text.toLowerCase() || text === text.toUpperCase();
  const runs = text.match(/[A-Z]?[a-z]{3,}|[A-Z]{3,}/g) ?? [];
  return (hasOneCase && !HEX.test(text)) || runs.join('').length > 0.45 * text.length;
}

/** Returns whether a text is a list of different words, as Diceware creates, rather than a sentence. */
function areRandomWords(text: string, words: ReadonlyMap<string, number>): boolean {
  const list = text.toLowerCase().split(/[ ._-]+/);
  const distinct = new Set(list);
  return (
    distinct.size === list.length &&
    list.length >= MIN_RANDOM_WORDS &&
    list.every((word) => (words.get(word) ?? 0) > COMMON_WORDS)
  );
}

/** Returns what Base64 or hexadecimal digits encode. Random bytes in Base64 are no text. */
function decode(encoded: string): string[] {
  const texts = HEX.test(encoded) ? [Buffer.from(encoded, 'hex').toString('latin1')] : [];
  const bytes = Buffer.from(BASE64.test(encoded) ? encoded : '', 'base64');
  if (isUtf8(bytes) && !/\p{Cc}/u.test(bytes.toString().trim())) texts.push(bytes.toString());
  return texts.map((text) => text.trim()).filter((text) => text !== '');
}
