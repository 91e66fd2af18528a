/** RFC 7518 §3.2: a key for HS256 is at least as long as the hash's output. */
const MIN_SECRET_BYTES = 32;

/** Words that stand in tutorials, templates and public lists of leaked JWT secrets. */
const PLACEHOLDER =
  /change.?me|change.?this|replace.?(me|this)|place.?holder|example|your[-_ ]|insert.?your|default|development|not.?secret|super.?secret|my.?secret|jwt.?secret|secret.?key|pass.?word|qwerty|lorem|1234567|abcdefg/i;

/** Fewer different characters than this is a key that was typed, not drawn. */
const MIN_DISTINCT_CHARACTERS = 10;

/** Why a secret must not guard production, or null if it may (ASVS 11.2.3, RFC 8725 §3.5). */
export function secretWeakness(secret: string): string | null {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) return `must have at least ${MIN_SECRET_BYTES} bytes`;
  if (PLACEHOLDER.test(secret)) return 'is a placeholder; draw one with: openssl rand -base64 48';
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS) {
    return 'repeats too few characters; draw one with: openssl rand -base64 48';
  }
  return null;
}
