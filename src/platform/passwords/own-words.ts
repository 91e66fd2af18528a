/** Whose password it is. */
export interface Person {
  readonly email: string;
  readonly name?: string | null | undefined;
}

/** Shorter words stand in many passwords by chance. */
const TELLING = 4;
/** How many characters beside the words make a password of its own. */
const SUBSTANTIAL = 8;

/** The form in which passwords and words are compared. */
const plain = (text: string) => text.normalize('NFKC').toLowerCase();

const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '');
const parts = (text: string) => text.split(/[^\p{L}\p{N}]+/u);

/**
 * What a guesser who knows the person and the product tries first: the address and its parts, the name and its parts,
 * and the product's name; each as it is written and without what stands between its letters. Longest first.
 */
export function ownWords({ email, name }: Person, productName: string): string[] {
  const [local = '', domain = ''] = email.split('@');
  // The last label of a domain is everyone's.
  const labels = domain.split('.').slice(0, -1);
  const wholes = [email, local, domain, ...labels, name ?? '', productName];
  const words = [...wholes, ...wholes.map(letters), ...wholes.flatMap(parts)].map(plain);
  return [...new Set(words)].filter((word) => word !== '').sort((a, b) => b.length - a.length);
}

/** Whether a password is those words with a small change: without them, too little is left to be a password. */
export function isMadeOf(words: readonly string[], password: string): boolean {
  const text = plain(password);
  const rest = words.filter((word) => word.length >= TELLING).reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && [...rest].length < SUBSTANTIAL;
}
