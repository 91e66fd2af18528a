import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The algorithms of asymmetric signing (RFC 7518 §3.1). Which of them follows from the key's type. */
export type SignatureAlgorithm = 'ES256' | 'RS256';

/** A key cannot be used. The message says why as a person reads it after the variable's name, and nothing of the key. */
export class UnusableKeyError extends Error {}

/** 128 bits of security (ASVS 11.2.3, NIST SP 800-57); RFC 7518 §3.3 alone would take 2048. */
const MIN_RSA_BITS = 3_072;
/** Node's name of P-256. */
const P256 = 'prime256v1';
const NO_KEY = 'must be a key in PEM form';
const BEGIN = '-----BEGIN ';
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g;

/**
 * Reads the key that signs.
 *
 * @param value a private key in PEM form, in one line with `\n` for line breaks where it must be, or the path of a file
 *   that has it
 * @throws UnusableKeyError
 */
export function readPrivateKey(value: string): KeyObject {
  const [block = '', ...others] = blocksOf(pemOf(value));
  if (others.length > 0) throw new UnusableKeyError('must be one key');
  if (!block.includes('PRIVATE KEY')) throw new UnusableKeyError('must be a private key');
  return usable(parsed(() => createPrivateKey(block)));
}

/**
 * Reads keys that verify. Of a private key only the public half is kept.
 *
 * @param value keys in PEM form, one after another, or the comma-separated paths of files that have them
 * @throws UnusableKeyError
 */
export function readPublicKeys(value: string): KeyObject[] {
  const sources = value.includes(BEGIN) ? [value] : value.split(',').flatMap((path) => path.trim() || []);
  const blocks = sources.flatMap((source) => blocksOf(pemOf(source)));
  return blocks.map((block) => usable(parsed(() => createPublicKey(block))));
}

/** @returns null for a key of another kind */
export function signatureAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SignatureAlgorithm | null {
  if (asymmetricKeyType === 'rsa') return 'RS256';
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === P256 ? 'ES256' : null;
}

function pemOf(value: string): string {
  if (value.includes(BEGIN)) return value;
  try {
    return readFileSync(value.trim(), 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UnusableKeyError(`must be a key in PEM form, or the path of a file that can be read (${code})`);
  }
}

function blocksOf(pem: string): string[] {
  const blocks = [...pem.replaceAll('\\n', '\n').matchAll(BLOCK)].map(([block]) => block);
  // One that was cut off would be left out without a word.
  if (blocks.length === 0 || blocks.length !== pem.split(BEGIN).length - 1) throw new UnusableKeyError(NO_KEY);
  if (blocks.some((block) => block.includes('ENCRYPTED'))) {
    throw new UnusableKeyError('must be a key without a passphrase');
  }
  // OpenSSL writes these before a key, which names its curve itself.
  return blocks.filter((block) => !block.startsWith(`${BEGIN}EC PARAMETERS`));
}

function parsed(parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch {
    throw new UnusableKeyError(NO_KEY);
  }
}

function usable(key: KeyObject): KeyObject {
  if (!signatureAlgorithm(key)) throw new UnusableKeyError('must be a P-256 (ES256) or an RSA key (RS256)');
  const { modulusLength = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS) throw new UnusableKeyError(`must have at least ${MIN_RSA_BITS} bits`);
  return key;
}
