import { createHmac, randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';

/**
 * How passwords are stored: `$bcrypt-sha256$v=2,t=2b,r=<cost>$<salt>$<digest>`, the format that Passlib defines.
 *
 * Bcrypt reads 72 bytes and stops at a NUL. So the password goes through HMAC-SHA-256 first, and bcrypt gets
 * the 44 base64 characters of that: every character counts. The HMAC is keyed with the salt, so that a list of
 * plain SHA-256 hashes leaked elsewhere cannot be tried against our table (password shucking).
 * Source: passlib.hash.bcrypt_sha256, OWASP Password Storage Cheat Sheet (pre-hashing).
 */
const FORMAT = /^\$bcrypt-sha256\$v=2,t=2b,r=([4-9]|[12]\d|3[01])\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;

/** A plain bcrypt hash, as other systems store it. It can be imported; the next good sign-in replaces it. */
const PLAIN_BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/;

/** Hashes a password with a new salt. Takes `2^cost` rounds of this thread: `PasswordHasher` has threads for it. */
export function hash(password: string, cost: number): string {
  const [salt, digest] = bcryptSha256(password, newSalt(cost), cost);
  return toHash(cost, salt, digest);
}

/**
 * The hash of somebody who has no password yet. It is drawn, not computed: no password is known that matches it, and
 * trying one takes as long as with any other hash.
 */
export function unmatchableHash(cost: number): string {
  return toHash(cost, newSalt(cost), randomBytes(24).toString('base64').replaceAll('+', '.').slice(0, 31));
}

/** Whether a password is the one behind a hash, ours or a plain bcrypt one. False for a hash in no known form. */
export function matches(password: string, stored: string): boolean {
  const [, cost, salt, digest] = FORMAT.exec(stored) ?? [];
  if (cost && salt && digest) {
    const [, actual] = bcryptSha256(password, salt, Number(cost));
    // The digests are of a salted, slow hash: the time of their comparison tells nothing that helps to find the password.
    return actual === digest;
  }
  if (!PLAIN_BCRYPT.test(stored)) return false;
  // $2y$ is PHP's name for what OpenBSD calls $2b$.
  return bcrypt.compareSync(password, stored.replace(/^\$2y/, '$2b'));
}

/**
 * Whether a password is the one behind a hash, with the work of the configured cost at the least, whatever there was to
 * compare with, so that the time tells nothing (ASVS 6.3.8): without a hash (nobody has that address), or with one in no
 * known form, a real one of that cost is made and forgotten; with one of a lower cost, the rest of the work is done too.
 */
export function verifyEvenly(password: string, stored: string | null, cost: number): boolean {
  const storedCost = stored === null ? undefined : costOf(stored);
  if (stored === null || storedCost === undefined) {
    hash(password, cost);
    return false;
  }
  const matched = matches(password, stored);
  // 2^c + 2^c + 2^(c+1) + … up to below the configured cost is the work of that one.
  for (let missing = storedCost; missing < cost; missing++) hash(password, missing);
  return matched;
}

/** Whether a hash should be made anew from the password at hand: it is not in our form, or its cost is out of date. */
export function isOutdated(stored: string, cost: number): boolean {
  return FORMAT.exec(stored)?.[1] !== String(cost);
}

/** The cost of a hash, ours or a plain bcrypt one; undefined for one in no known form. */
export function costOf(stored: string): number | undefined {
  const cost = (FORMAT.exec(stored) ?? PLAIN_BCRYPT.exec(stored))?.[1];
  return cost === undefined ? undefined : Number(cost);
}

function toHash(cost: number, salt: string, digest: string): string {
  return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${digest}`;
}

/** 128 random bits, in 22 of bcrypt's characters. */
function newSalt(cost: number): string {
  return bcrypt.genSaltSync(cost).slice(-22);
}

function bcryptSha256(password: string, salt: string, cost: number): [salt: string, digest: string] {
  const prehash = createHmac('sha256', salt).update(password, 'utf8').digest('base64');
  const hashed = bcrypt.hashSync(prehash, `$2b$${String(cost).padStart(2, '0')}$${salt}`);
  return [hashed.slice(7, 29), hashed.slice(29)];
}
