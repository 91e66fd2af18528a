import bcrypt from 'bcrypt';
import { costOf, hash, isOutdated, matches, unmatchableHash, verifyEvenly } from './password-hash.js';

const COST = 4;

describe('a password hash', () => {
  it('has the form that Passlib calls bcrypt_sha256', () => {
    expect(hash('password', COST)).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/);
  });

  it('that Passlib made is understood', () => {
    // The example of Passlib's own documentation (passlib.hash.bcrypt_sha256).
    const stored = '$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2';
    expect(matches('password', stored)).toBe(true);
    expect(matches('Password', stored)).toBe(false);
  });

  it('has a salt of its own each time', () => {
    const [one, two] = [hash('password', COST), hash('password', COST)];
    expect(one).not.toBe(two);
    expect(matches('password', one)).toBe(true);
    expect(matches('password', two)).toBe(true);
  });

  it.each([
    ['share their first 72 bytes', `${'x'.repeat(72)}a`, `${'x'.repeat(72)}b`],
    ['share 72 bytes of four-byte characters', `${'🐉'.repeat(18)}a`, `${'🐉'.repeat(18)}b`],
    ['differ after a NUL', 'abc\0a', 'abc\0b'],
    ['are one with and one without a NUL behind it', 'abc\0', 'abc'],
    ['differ in their Unicode form', '\u00e9', 'e\u0301'],
    ['differ in the last of 128 characters', `${'x'.repeat(127)}a`, `${'x'.repeat(127)}b`],
    ['are nothing and a blank', '', ' '],
  ])('tells two passwords apart that %s', (_, one, other) => {
    const stored = hash(one, COST);
    expect(matches(one, stored)).toBe(true);
    expect(matches(other, stored)).toBe(false);
  });

  it('depends on the salt already before bcrypt, so that a list of plain SHA-256 hashes is of no use', async () => {
    const stored = hash('password', COST);
    const [, , , salt, digest] = stored.split('$');
    const [other] = [await bcrypt.genSalt(COST)].map((text) => text.slice(-22));
    expect(matches('password', stored.replace(String(salt), String(other)))).toBe(false);
    expect(digest).toHaveLength(31);
  });

  it.each(['$2a', '$2b', '$2y'])('of another system in plain bcrypt, %s$, is understood', async (prefix) => {
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
  ])('in no form that is known matches nothing: %j', (stored) => {
    expect(matches('password', stored)).toBe(false);
    expect(matches('', stored)).toBe(false);
  });
});

describe('a hash is out of date', () => {
  it.each([
    ['in our form and of this cost', 4, false],
    ['of another cost', 5, true],
  ])('%s: cost %d, %s', (_, cost, outdated) => {
    expect(isOutdated(hash('password', COST), cost)).toBe(outdated);
  });

  it('if it is plain bcrypt, whatever its cost', async () => {
    expect(isOutdated(await bcrypt.hash('password', COST), COST)).toBe(true);
  });
});

describe('to verify', () => {
  const CONFIGURED = 6;
  afterEach(() => jest.restoreAllMocks());

  /** The rounds of bcrypt that a check takes, and what it finds. */
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
    ['the right password', 'password', hash('password', CONFIGURED), true],
    ['a wrong password', 'Password', hash('password', CONFIGURED), false],
    ['the password of nobody', 'password', null, false],
    ['a wrong password with a hash of a lower cost', 'Password', hash('password', 4), false],
    ['the right password with a hash of a lower cost', 'password', hash('password', 4), true],
    ['a wrong password with a plain bcrypt hash of a lower cost', 'Password', bcrypt.hashSync('password', 4), false],
    ['a password with a hash in no known form', 'password', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', false],
  ])('%s takes one bcrypt of the configured cost, or as much', (_, password, stored, matched) => {
    expect(work(password, stored)).toEqual([matched, 2 ** CONFIGURED]);
  });
});

describe('the hash of somebody without a password', () => {
  it('takes the work of any other, and matches nothing', () => {
    const stored = unmatchableHash(4);
    expect([costOf(stored), isOutdated(stored, 4)]).toEqual([4, false]);
    expect(matches('', stored)).toBe(false);
    expect(matches('password', stored)).toBe(false);
  });

  it('is another one each time', () => {
    expect(unmatchableHash(4)).not.toBe(unmatchableHash(4));
  });
});
