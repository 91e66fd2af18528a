import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnvironment } from './env.js';

const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 3_072 });
const EC = pkcs8(ec.privateKey);
const RSA = pkcs8(rsa.privateKey);
const ENCRYPTED = ec.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'seven lanterns' })
  .toString();
const ENCRYPTED_SEC1 = ec.privateKey
  .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'seven lanterns' })
  .toString();

/** Returns the line of the error message, or null if the variables are valid. */
function errorOf(variables: Readonly<Record<string, string>>): string | null {
  try {
    parseEnvironment(variables);
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[1]?.trim() ?? '';
  }
}

describe('keys in the configuration', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const privateKey = (value: string) => parseEnvironment({ JWT_PRIVATE_KEY: value }).accessToken.privateKey;
  const verificationKeys = (value: string) =>
    parseEnvironment({ JWT_VERIFICATION_KEYS: value }).accessToken.verificationKeys;

  it('are none by default', () => {
    expect(parseEnvironment({}).accessToken).toMatchObject({ privateKey: null, verificationKeys: [] });
  });

  it.each<[string, string]>([
    ['PKCS #8', EC],
    ['SEC 1', ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['one line with \\n', EC.replaceAll('\n', '\\n')],
    ['Windows line breaks', EC.replaceAll('\n', '\r\n')],
    ['text around the key', `our key:\n${EC}\nkeep it safe\n`],
  ])('may sign in this form: %s', (_, pem) => {
    expect(privateKey(pem)?.equals(ec.privateKey)).toBe(true);
    expect(privateKey(file('signing.pem', pem))?.equals(ec.privateKey)).toBe(true);
  });

  it('may sign with the parameters that OpenSSL writes before the key', () => {
    // The output of: openssl ecparam -name prime256v1 -genkey
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const pem = parameters + ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    expect(privateKey(pem)?.equals(ec.privateKey)).toBe(true);
  });

  it('may verify, several from a variable or files, without their private halves', () => {
    const text = `${EC}${spki(rsa.publicKey)}`;
    const paths = `${file('old.pem', EC)}, ${file('next.pub.pem', spki(rsa.publicKey))},`;
    for (const keys of [verificationKeys(text), verificationKeys(file('both.pem', text)), verificationKeys(paths)]) {
      expect(keys.map(({ type }) => type)).toEqual(['public', 'public']);
      expect(keys[0]?.equals(createPublicKey(EC))).toBe(true);
      expect(keys[1]?.equals(rsa.publicKey)).toBe(true);
    }
  });

  const weak = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).privateKey;
  const invalid: readonly [string, string, string][] = [
    ['text that is not a key', 'hunter2', 'must be a key in PEM form, or the path of a readable file (ENOENT)'],
    ['a folder', tmpdir(), 'must be a key in PEM form, or the path of a readable file (EISDIR)'],
    [
      'PEM without a key',
      '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----',
      'must be a key in PEM form',
    ],
    ['a truncated key', EC.slice(0, 120), 'must be a key in PEM form'],
    ['a key and a truncated key', `${EC}${RSA.slice(0, 500)}`, 'must be a key in PEM form'],
    ['a key with a passphrase', ENCRYPTED, 'must be a key without a passphrase'],
    ['a key with a passphrase in SEC 1 form', ENCRYPTED_SEC1, 'must be a key without a passphrase'],
    ['an RSA key of 2048 bits', pkcs8(weak), 'must have at least 3072 bits'],
    ['a key on another curve', pkcs8(p384), 'must be a P-256 (ES256) or an RSA key (RS256)'],
    ['a key for RSA-PSS', pkcs8(pss), 'must be a P-256 (ES256) or an RSA key (RS256)'],
    [
      'an Ed25519 key',
      pkcs8(generateKeyPairSync('ed25519').privateKey),
      'must be a P-256 (ES256) or an RSA key (RS256)',
    ],
  ];

  it.each(invalid)('are rejected without repeating the value: %s', (_, value, error) => {
    for (const name of ['JWT_PRIVATE_KEY', 'JWT_VERIFICATION_KEYS']) {
      expect(errorOf({ [name]: value })).toBe(`${name} ${error}`);
    }
  });

  it('that sign must be one private key', () => {
    expect(errorOf({ JWT_PRIVATE_KEY: spki(ec.publicKey) })).toBe('JWT_PRIVATE_KEY must be a private key');
    expect(errorOf({ JWT_PRIVATE_KEY: `${EC}${RSA}` })).toBe('JWT_PRIVATE_KEY must be one key');
  });

  it('do not replace the secret that production requires', () => {
    expect(errorOf({ NODE_ENV: 'production', DATABASE_URL: 'postgresql://db/g', JWT_PRIVATE_KEY: EC })).toBe(
      'JWT_SECRET is required in production',
    );
  });

  it('are not contained in printed settings', () => {
    const settings = parseEnvironment({ JWT_PRIVATE_KEY: EC });
    const line = EC.split('\n')[1] ?? '';
    expect(line.length).toBeGreaterThan(60);
    expect(JSON.stringify(settings)).not.toContain(line);
  });
});
