import bcrypt from 'bcrypt';
import { importFault } from './imported-hash.js';
import { hash } from './password-hash.js';

const DIGITS = 'a'.repeat(53);

describe('a password hash of another system', () => {
  it.each(['$2a', '$2b', '$2y'])('in bcrypt, %s$, is taken over', async (prefix) => {
    expect(importFault((await bcrypt.hash('password', 4)).replace(/^\$2b/, prefix), 12)).toBeNull();
  });

  it('in our own form is taken over', () => {
    expect(importFault(hash('password', 4), 12)).toBeNull();
  });

  it.each([
    ['argon2', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', 'must be a bcrypt hash'],
    ['PBKDF2', 'pbkdf2_sha256$600000$salt$aGFzaA==', 'must be a bcrypt hash'],
    ['crypt’s SHA-512', `$6$salt$${'a'.repeat(86)}`, 'must be a bcrypt hash'],
    ['the broken $2x$', `$2x$10$${DIGITS}`, 'must be a bcrypt hash'],
    ['cut short', `$2b$10$${DIGITS.slice(1)}`, 'must be a bcrypt hash'],
    ['a password', 'seven lanterns at dusk', 'must be a bcrypt hash'],
    ['of a cost that no bcrypt has', `$2b$03$${DIGITS}`, 'cost of at least 4'],
    ['slower than the configured cost, which would tell that there is an account', `$2b$13$${DIGITS}`, 'cost 13'],
  ])('that is %s is refused', (_, stored, reason) => {
    expect(importFault(stored, 12)).toContain(reason);
  });
});
