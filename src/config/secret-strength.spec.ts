import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DEVELOPMENT_SECRET } from './settings/token.settings.js';
import { secretWeakness } from './secret-strength.js';

/** Looks random but is constant. Random values contain a placeholder's word now and then. */
const BYTES = createHash('sha512').update('drawn').digest();

describe('secretWeakness', () => {
  it.each([
    ['base64', BYTES.subarray(0, 48).toString('base64')],
    ['base64url', BYTES.subarray(0, 32).toString('base64url')],
    ['hex', BYTES.subarray(0, 32).toString('hex')],
    ['words', 'lantern orbit saddle mirror thirteen copper wolf'],
  ])('accepts a random secret in %s', (_, secret) => {
    expect(secretWeakness(secret)).toBeNull();
  });

  it.each(['', 'short', 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAe'])('rejects a secret under 32 bytes: %j', (secret) => {
    expect(secretWeakness(secret)).toMatch(/^must have at least 32 bytes/);
  });

  it('counts bytes, not characters', () => {
    expect(secretWeakness('äöüßéèêëñçåøæœþ∂')).toBeNull();
  });

  it.each([
    DEVELOPMENT_SECRET,
    'changeme-changeme-changeme-changeme',
    'please_change_me_before_you_go_live_now',
    'CHANGE-THIS-SECRET-IN-PRODUCTION-NOW-1',
    'your-256-bit-secret-your-256-bit-secret',
    'replace_me_with_something_long_and_random',
    'this-is-a-super-secret-key-for-my-app-42',
    'my-secret-my-secret-my-secret-my-secret!',
    'jwt_secret_for_the_orders_service_v2_prod',
    'a-placeholder-until-someone-sets-a-real-1',
    'correct-password-goes-here-and-then-some!',
    '12345678901234567890123456789012abcXYZ!?',
    'example-key-example-key-example-key-9876',
    'a-string-secret-at-least-256-bits-long',
    '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
    'DO NOT USE THIS VALUE. CREATE A COMPLEX ONE AND KEEP IT SAFE OUTSIDE OF THE CODE.',
    'keyboard cat keyboard cat keyboard cat',
    'the-quick-brown-fox-jumps-over-the-lazy-dog',
  ])('rejects a placeholder: %s', (secret) => {
    expect(secretWeakness(secret)).toMatch(/^is a placeholder/);
  });

  it.each(['a'.repeat(64), 'abc'.repeat(20), '0101010101010101010101010101010101010101'])(
    'rejects a repetitive secret: %s',
    (secret) => {
      expect(secretWeakness(secret)).toMatch(/^has too few different characters/);
    },
  );

  it('rejects published secrets, templates, phrases and patterns', () => {
    const secrets = readFileSync('test/support/published-secrets.txt', 'utf8').split('\n').filter(Boolean);
    expect(secrets.length).toBeGreaterThan(100);
    expect(secrets.filter((secret) => secretWeakness(secret) === null)).toEqual([]);
  });

  it.each([
    ['a JSON Web Token', `eyJhbGciOiJIUzI1NiJ9.${BYTES.toString('base64url')}`, /^is a token/],
    ['a UUID', '569a1821-0a93-45e8-87ab-eb857f20a010', /^is a UUID/],
  ])('rejects %s', (_, secret, message) => {
    expect(secretWeakness(secret)).toMatch(message);
  });

  it('checks the longest secret in bounded time', () => {
    expect(secretWeakness('lantern'.repeat(9_000))).toMatch(/^has too few/);
    expect(secretWeakness('thisisaverylongkey'.repeat(3_000))).toMatch(/^is a placeholder/);
  });

  it('never repeats the secret', () => {
    expect(secretWeakness('changeme-changeme-changeme-changeme')).not.toContain('changeme');
  });
});
