import bcrypt from 'bcrypt';
import {
  costOf,
  hash,
  importRejectionReason,
  isOutdated,
  isUnmatchable,
  matches,
  unmatchableHash,
  verifyEvenly,
} from './password-hash.js';
import { verifyForms } from './password-hash.worker.js';

const COST = 4;

describe('a password hash', () => {
  it('has Passlib’s bcrypt_sha256 format', () => {
    expect(hash('password', COST)).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/);
  });

  it('is compatible with Passlib', () => {
    // From Passlib's documentation (passlib.hash.bcrypt_sha256).
    const stored = '$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2';
    expect(matches('password', stored)).toBe(true);
    expect(matches('Password', stored)).toBe(false);
  });

  it('has a new salt each time', () => {
    const [one, two] = [hash('password', COST), hash('password', COST)];
    expect(one).not.toBe(two);
    expect(matches('password', one)).toBe(true);
    expect(matches('password', two)).toBe(true);
  });

  it.each([
    ['share their first 72 bytes', `${'x'.repeat(72)}a`, `${'x'.repeat(72)}b`],
    ['share 72 bytes of four-byte characters', `${'🐉'.repeat(18)}a`, `${'🐉'.repeat(18)}b`],
    ['differ after a NUL', 'abc\0a', 'abc\0b'],
    ['differ only in a trailing NUL', 'abc\0', 'abc'],
    ['differ in their Unicode form', '\u00e9', 'e\u0301'],
    ['differ in the last of 128 characters', `${'x'.repeat(127)}a`, `${'x'.repeat(127)}b`],
    ['are empty and a space', '', ' '],
  ])('distinguishes passwords that %s', (_, one, other) => {
    const stored = hash(one, COST);
    expect(matches(one, stored)).toBe(true);
    expect(matches(other, stored)).toBe(false);
  });

  it('keys its HMAC with the salt', async () => {
    const stored = hash('password', COST);
    const [, , , salt, digest] = stored.split('$');
    const [other] = [await bcrypt.genSalt(COST)].map((text) => text.slice(-22));
    expect(matches('password', stored.replace(String(salt), String(other)))).toBe(false);
    expect(digest).toHaveLength(31);
  });

  it.each(['$2a', '$2b', '$2y'])('can be a plain bcrypt hash of another system: %s$', async (prefix) => {
    const stored = (await bcrypt.hash('password', COST)).replace(/^\$2b/, prefix);
    expect(matches('password', stored)).toBe(true);
    expect(matches('Password', stored)).toBe(false);
  });

  it.each([
    '',
    'password',
    '$2b$04$short',
    `$2x$04$${'a'.repeat(53)}`,
    `$2b$04$${'a'.repeat(53)}\n`,
    `$2b$00$${'a'.repeat(53)}`,
    `$2b$99$${'a'.repeat(53)}`,
    '$bcrypt-sha256$v=1,t=2b,r=4$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
    '$bcrypt-sha256$v=2,t=2a,r=4$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
    '$bcrypt-sha256$v=2,t=2b,r=99$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
    '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  ])('in an unknown format matches no password: %j', (stored) => {
    expect(matches('password', stored)).toBe(false);
    expect(matches('', stored)).toBe(false);
  });
});

describe('isOutdated', () => {
  it.each([
    ['of the configured cost', 4, false],
    ['of another cost', 5, true],
  ])('for a hash %s (%d) returns %s', (_, cost, outdated) => {
    expect(isOutdated(hash('password', COST), cost)).toBe(outdated);
  });

  it('returns true for plain bcrypt of any cost', async () => {
    expect(isOutdated(await bcrypt.hash('password', COST), COST)).toBe(true);
  });
});

describe('verifyEvenly', () => {
  const CONFIGURED = 6;
  afterEach(() => jest.restoreAllMocks());

  /** Returns the result and the number of bcrypt rounds. */
  function work(password: string, stored: string | null): [matched: boolean, rounds: number] {
    const hashSync = jest.spyOn(bcrypt, 'hashSync');
    const compareSync = jest.spyOn(bcrypt, 'compareSync');
    const matched = verifyEvenly(password, stored, CONFIGURED);
    const costs = [
      ...hashSync.mock.calls.map(([, salt]) => Number(String(salt).slice(4, 6))),
      ...compareSync.mock.calls.map(([, other]) => bcrypt.getRounds(other)),
    ];
    return [matched, costs.reduce((rounds, cost) => rounds + 2 ** cost, 0)];
  }

  it.each([
    ['the correct password', 'password', hash('password', CONFIGURED), true],
    ['a wrong password', 'Password', hash('password', CONFIGURED), false],
    ['a password without an account', 'password', null, false],
    ['a wrong password with a hash of a lower cost', 'Password', hash('password', 4), false],
    ['the correct password with a hash of a lower cost', 'password', hash('password', 4), true],
    ['a wrong password with a plain bcrypt hash of a lower cost', 'Password', bcrypt.hashSync('password', 4), false],
    ['a password with a hash in an unknown format', 'password', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', false],
  ])('does the work of the configured cost for %s', (_, password, stored, matched) => {
    expect(work(password, stored)).toEqual([matched, 2 ** CONFIGURED]);
  });
});

describe('verifyForms', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['the normalized form', hash('é', COST), 'normalized'],
    ['the typed form', hash('e\u0301', COST), 'typed'],
    ['neither form', hash('e', COST), null],
    ['no account', null, null],
  ])('verifies two passwords if the hash is that of %s', (_, stored, expected) => {
    const hashSync = jest.spyOn(bcrypt, 'hashSync');
    expect(verifyForms({ password: 'é', typed: 'e\u0301', stored, cost: COST })).toBe(expected);
    expect(hashSync).toHaveBeenCalledTimes(2);
  });
});

describe('unmatchableHash', () => {
  it('has the given cost and matches no password', () => {
    const stored = unmatchableHash(4);
    expect([costOf(stored), isOutdated(stored, 4)]).toEqual([4, false]);
    expect(matches('', stored)).toBe(false);
    expect(matches('password', stored)).toBe(false);
  });

  it('is different each time', () => {
    expect(unmatchableHash(4)).not.toBe(unmatchableHash(4));
  });

  it('can be told from the hash of a password', async () => {
    expect(isUnmatchable(unmatchableHash(4))).toBe(true);
    for (const stored of [hash('password', 4), await bcrypt.hash('password', 4), '']) {
      expect(isUnmatchable(stored)).toBe(false);
    }
  });

  it('ends with a digest that bcrypt never returns', () => {
    const last = Array.from({ length: 30 }, (_, index) => hash(`password ${index}`, 4).at(-1) ?? '');
    expect(last.every((character) => '.CGKOSWaeimquy26'.includes(character))).toBe(true);
    expect('.CGKOSWaeimquy26').not.toContain(unmatchableHash(4).at(-1));
  });
});

describe('importRejectionReason', () => {
  const DIGITS = 'a'.repeat(53);

  it.each(['$2a', '$2b', '$2y'])('returns null for bcrypt, %s$', async (prefix) => {
    expect(importRejectionReason((await bcrypt.hash('password', 4)).replace(/^\$2b/, prefix), 12)).toBeNull();
  });

  it('returns null for our own format', () => {
    expect(importRejectionReason(hash('password', 4), 12)).toBeNull();
  });

  it.each([
    ['argon2', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', 'must be a bcrypt hash'],
    ['PBKDF2', 'pbkdf2_sha256$600000$salt$aGFzaA==', 'must be a bcrypt hash'],
    ['SHA-512 crypt', `$6$salt$${'a'.repeat(86)}`, 'must be a bcrypt hash'],
    ['the broken $2x$', `$2x$10$${DIGITS}`, 'must be a bcrypt hash'],
    ['a truncated hash', `$2b$10$${DIGITS.slice(1)}`, 'must be a bcrypt hash'],
    ['a password', 'seven lanterns at dusk', 'must be a bcrypt hash'],
    ['a cost below bcrypt’s minimum', `$2b$03$${DIGITS}`, 'cost of at least 4'],
    ['a cost above the configured one', `$2b$13$${DIGITS}`, 'cost 13'],
  ])('rejects %s', (_, stored, reason) => {
    expect(importRejectionReason(stored, 12)).toContain(reason);
  });
});
