import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The asymmetric algorithms (RFC 7518 §3.1). The type of the key determines which one is used. */
export type SignatureAlgorithm = 'ES256' | 'RS256';

/** A key cannot be used. The message follows the variable's name and does not contain the key. */
export class UnusableKeyError extends Error {}

/** For 128 bits of security (ASVS 11.2.3, NIST SP 800-57). RFC 7518 §3.3 requires only 2048. */
const MIN_RSA_BITS = 3_072;
/** Node's name for P-256. */
const P256 = 'prime256v1';
const NO_KEY = 'must be a key in PEM form';
const BEGIN = '-----BEGIN ';
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g;

/**
 * Reads the key that signs.
 *
 * @param value a private key in PEM form, with line breaks or `\n`, or the path of a file that contains it
 * @throws UnusableKeyError
 */
export function readPrivateKey(value: string): KeyObject {
  const [block = '', ...others] = blocksOf(pemOf(value));
  if (others.length > 0) throw new UnusableKeyError('must be one key');
  if (!block.includes('PRIVATE KEY')) throw new UnusableKeyError('must be a private key');
  return requireUsable(parseKey(() => createPrivateKey(block)));
}

/**
 * Reads keys that verify. Keeps only the public half of a private key.
 *
 * @param value concatenated keys in PEM form, or comma-separated paths of files that contain them
 * @throws UnusableKeyError
 */
export function readPublicKeys(value: string): KeyObject[] {
  const sources = value.includes(BEGIN) ? [value] : value.split(',').flatMap((path) => path.trim() || []);
  const blocks = sources.flatMap((source) => blocksOf(pemOf(source)));
  return blocks.map((block) => requireUsable(parseKey(() => createPublicKey(block))));
}

/** @returns null for an unsupported key type */
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
    throw new UnusableKeyError(`must be a key in PEM form, or the path of a readable file (${code})`);
  }
}

function blocksOf(pem: string): string[] {
  const blocks = [...pem.replaceAll('\\n', '\n').matchAll(BLOCK)].map(([block]) => block);
  // The pattern does not match a truncated key.
  if (blocks.length === 0 || blocks.length !== pem.split(BEGIN).length - 1) throw new UnusableKeyError(NO_KEY);
  if (blocks.some((block) => block.includes('ENCRYPTED'))) {
    throw new UnusableKeyError('must be a key without a passphrase');
  }
  // OpenSSL writes the parameters before the key. The key contains them too.
  return blocks.filter((block) => !block.startsWith(`${BEGIN}EC PARAMETERS`));
}

function parseKey(create: () => KeyObject): KeyObject {
  try {
    return create();
  } catch {
    throw new UnusableKeyError(NO_KEY);
  }
}

function requireUsable(key: KeyObject): KeyObject {
  if (!signatureAlgorithm(key)) throw new UnusableKeyError('must be a P-256 (ES256) or an RSA key (RS256)');
  const { modulusLength = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS) throw new UnusableKeyError(`must have at least ${MIN_RSA_BITS} bits`);
  return key;
}
