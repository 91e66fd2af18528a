import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { NO_DATABASE } from '../support/constants.js';
import { runCommand } from '../support/run-command.js';
import { TEST_SECRET } from '../support/test-app.js';

describe('the command line', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-keys-'));
    file = join(folder, 'signing.pem');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const generate = (...args: string[]) => runCommand(['keys:generate', ...args], {});
  const idOf = async (pem: string) => calculateJwkThumbprint(await exportJWK(createPrivateKey(pem)));

  describe('keys:generate', () => {
    it.each([
      ['ES256', [], { namedCurve: 'prime256v1' }],
      ['RS256', ['--algorithm', 'RS256'], { modulusLength: 3_072, publicExponent: 65_537n }],
    ])('prints a new %s private key, and its ID on standard error', async (algorithm, args, details) => {
      const { code, stdout, stderr } = await generate(...args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^]+\n-----END PRIVATE KEY-----\n$/);
      expect(createPrivateKey(stdout).asymmetricKeyDetails).toEqual(details);
      expect(stderr).toBe(`${algorithm} key ${await idOf(stdout)}\n`);
    });

    it('writes a file that only its owner can read, and never overwrites it', async () => {
      const { code, stdout, stderr } = await generate('--out', file);
      const pem = await readFile(file, 'utf8');
      expect([code, stdout, stderr]).toEqual([0, '', `ES256 key ${await idOf(pem)} in ${file}\n`]);
      expect((await stat(file)).mode & 0o777).toBe(0o600);

      const again = await generate('--out', file);
      expect(again).toEqual({ code: 1, stdout: '', stderr: `${file} already exists and was not changed.\n` });
      expect(await readFile(file, 'utf8')).toBe(pem);
    });

    it('reports in one line that it cannot write the file', async () => {
      const missing = join(folder, 'missing', 'signing.pem');
      const finished = await generate('--out', missing);
      expect(finished).toEqual({ code: 1, stdout: '', stderr: `Cannot write ${missing} (ENOENT).\n` });
    });

    it('rejects another algorithm', async () => {
      const { code, stderr } = await generate('--algorithm', 'EdDSA', '--out', file);
      expect([code, stderr]).toEqual([1, expect.stringContaining('Allowed choices are ES256, RS256')]);
      expect(await readdir(folder)).toEqual([]);
    });
  });

  describe('keys:list', () => {
    it('shows which key signs and which only verify, without secrets', async () => {
      const next = join(folder, 'next.pem');
      await generate('--out', file);
      await generate('--out', next);
      const { code, stdout } = await runCommand(['keys:list'], {
        DATABASE_URL: NO_DATABASE,
        JWT_SECRET: TEST_SECRET,
        JWT_PRIVATE_KEY: file,
        JWT_VERIFICATION_KEYS: next,
        JWT_PREVIOUS_SECRETS: TEST_SECRET,
      });
      const pem = await readFile(file, 'utf8');
      expect(code).toBe(0);
      expect(stdout.trimEnd().split('\n')).toEqual([
        `${await idOf(pem)}  ES256  signs and verifies`,
        expect.stringMatching(/^[\w-]{12} +HS256 {2}verifies$/),
        `${await idOf(await readFile(next, 'utf8'))}  ES256  verifies`,
      ]);
      for (const secret of [TEST_SECRET, pem.split('\n')[1] ?? '']) expect(stdout).not.toContain(secret);
    });

    it('reports an invalid key without its content', async () => {
      const env = { DATABASE_URL: NO_DATABASE, JWT_SECRET: TEST_SECRET, JWT_PRIVATE_KEY: 'hunter2' };
      const { code, stdout, stderr } = await runCommand(['keys:list'], env);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('  JWT_PRIVATE_KEY must be a key in PEM form, or the path of a readable file');
      expect(stderr).not.toContain('hunter2');
    });
  });
});
