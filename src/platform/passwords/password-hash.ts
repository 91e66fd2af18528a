import { createHmac } from 'node:crypto';
import bcrypt from 'bcrypt';

/**
 * The stored format, as Passlib defines it: `$bcrypt-sha256$v=2,t=2b,r=<cost>$<salt>$<digest>`.
 *
 * Bcrypt ignores everything after 72 bytes or a NUL. So it hashes the base64 text of an HMAC-SHA-256 of the password, and
 * every character counts. The salt is the key of the HMAC. Otherwise attackers could try leaked SHA-256 hashes against our
 * table (password shucking). Source: passlib.hash.bcrypt_sha256, OWASP Password Storage Cheat Sheet (pre-hashing).
 */
const FORMAT = /^\$bcrypt-sha256\$v=2,t=2b,r=([4-9]|[12]\d|3[01])\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;

/** A bcrypt hash of another system. Users can be imported with it, and their next successful sign-in replaces it. */
const PLAIN_BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/;

const MIN_COST = 4;

/** A digest that bcrypt never returns. Its last character encodes only the upper four of six bits. */
const UNMATCHABLE_DIGEST = '/'.repeat(31);

/** Hashes a password with a new salt. Blocks the thread, so call it through `PasswordHasher`. */
export function hash(password: string, cost: number): string {
  const [salt, digest] = bcryptSha256(password, newSalt(cost), cost);
  return toHash(cost, salt, digest);
}

/** Returns a hash that no password matches. Verifying it takes as long as with any other hash. */
export function unmatchableHash(cost: number): string {
  return toHash(cost, newSalt(cost), UNMATCHABLE_DIGEST);
}

/** Returns whether a hash comes from `unmatchableHash`, so that its account has no password. */
export function isUnmatchable(stored: string): boolean {
  return FORMAT.exec(stored)?.[3] === UNMATCHABLE_DIGEST;
}

/** Returns whether a password matches a hash in our format or in plain bcrypt. Returns `false` for any other format. */
export function matches(password: string, stored: string): boolean {
  const [, cost, salt, digest] = FORMAT.exec(stored) ?? [];
  if (cost && salt && digest) {
    const [, actual] = bcryptSha256(password, salt, Number(cost));
    // The time of this comparison reveals nothing useful, because the digest is a salted, slow hash.
    return actual === digest;
  }
  if (!PLAIN_BCRYPT.test(stored)) return false;
  // PHP calls $2b$ $2y$.
  return bcrypt.compareSync(password, stored.replace(/^\$2y/, '$2b'));
}

/**
 * Returns whether a password matches a hash. Does at least the work of the configured cost, so that timing reveals
 * nothing (ASVS 6.3.8). Without a hash, or for an unknown format, hashes the password and discards the result. For a
 * lower cost, does the missing work.
 */
export function verifyEvenly(password: string, stored: string | null, cost: number): boolean {
  const storedCost = stored === null ? undefined : costOf(stored);
  if (stored === null || storedCost === undefined) {
    hash(password, cost);
    return false;
  }
  const matched = matches(password, stored);
  // 2^c + 2^c + 2^(c+1) + … + 2^(cost-1) = 2^cost
  for (let missing = storedCost; missing < cost; missing++) hash(password, missing);
  return matched;
}

/** Returns whether a hash should be replaced, because it has another format or another cost. */
export function isOutdated(stored: string, cost: number): boolean {
  return FORMAT.exec(stored)?.[1] !== String(cost);
}

/** Returns the cost of a hash in our format or in plain bcrypt, `undefined` for any other format. */
export function costOf(stored: string): number | undefined {
  const cost = (FORMAT.exec(stored) ?? PLAIN_BCRYPT.exec(stored))?.[1];
  return cost === undefined ? undefined : Number(cost);
}

/**
 * Returns why a hash of another system cannot be imported, to follow its name, or `null` if it can. Other algorithms and
 * higher costs are rejected, because their verification time would reveal that the account exists (ASVS 6.3.8).
 */
export function importRejectionReason(stored: string, configuredCost: number): string | null {
  const cost = costOf(stored);
  if (cost === undefined) return 'must be a bcrypt hash ($2a$, $2b$, $2y$ or $bcrypt-sha256$). Leave other hashes out';
  if (cost < MIN_COST) return `must have a cost of at least ${MIN_COST}`;
  return cost > configuredCost
    ? `has the cost ${cost}, and BCRYPT_COST is ${configuredCost}. Raise BCRYPT_COST first`
    : null;
}

function toHash(cost: number, salt: string, digest: string): string {
  return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${digest}`;
}

/** Returns 128 random bits as 22 characters of bcrypt's alphabet. */
function newSalt(cost: number): string {
  return bcrypt.genSaltSync(cost).slice(-22);
}

function bcryptSha256(password: string, salt: string, cost: number): [salt: string, digest: string] {
  const prehash = createHmac('sha256', salt).update(password, 'utf8').digest('base64');
  const hashed = bcrypt.hashSync(prehash, `$2b$${String(cost).padStart(2, '0')}$${salt}`);
  return [hashed.slice(7, 29), hashed.slice(29)];
}
