/** RFC 7518 §3.2: the key is at least as long as the output of the hash. */
const MIN_SECRET_BYTES = 32;

/** Words from tutorials, templates and public lists of leaked JWT secrets. */
const PLACEHOLDER =
  /secret|change.?(me|this)|replace.?(me|this)|place.?holder|example|your[-_]|insert|default|development|do.?not|dont|hard.?code|todo|pass.?word|qwerty|keyboard|lorem|quick.?brown|1234567|abcdefg/i;

/** Random-looking secrets from widely copied tutorials. */
const PUBLISHED = new Set([
  '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
  '5367566B59703373367639792F423F4528482B4D6251655468576D5A71347437',
  '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
]);

/** Random secrets have more distinct characters than this. */
const MIN_DISTINCT_CHARACTERS = 10;
const ADVICE = 'Generate one with: openssl rand -base64 48';

/** Returns why a secret is too weak for production, or null (ASVS 11.2.3, RFC 8725 §3.5). */
export function secretWeakness(secret: string): string | null {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) return `must have at least ${MIN_SECRET_BYTES} bytes. ${ADVICE}`;
  if (PLACEHOLDER.test(secret) || PUBLISHED.has(secret)) return `is a placeholder. ${ADVICE}`;
  return new Set(secret).size < MIN_DISTINCT_CHARACTERS ? `has too few different characters. ${ADVICE}` : null;
}
