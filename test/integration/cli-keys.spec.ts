import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { NO_DATABASE } from '../support/constants.js';
import { runNode, type Finished } from '../support/run-node.js';
import { TEST_SECRET } from '../support/test-app.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli/cli.js', import.meta.url));

describe('the command line', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gatehouse-keys-'))));
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs it where no database could be reached. */
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> =>
    runNode(CLI, args, { cwd: folder, env: { DATABASE_URL: NO_DATABASE, JWT_SECRET: TEST_SECRET, ...env } });

  const idOf = async (pem: string) => calculateJwkThumbprint(await exportJWK(createPrivateKey(pem)));

  describe('keys:generate', () => {
    it.each([
      ['ES256', [], { namedCurve: 'prime256v1' }],
      ['RS256', ['--algorithm', 'RS256'], { modulusLength: 3_072, publicExponent: 65_537n }],
    ])('prints a new private key for %s alone, and its id beside it', async (algorithm, args, details) => {
      const { code, stdout, stderr } = await run(['keys:generate', ...args]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^]+\n-----END PRIVATE KEY-----\n$/);
      expect(createPrivateKey(stdout).asymmetricKeyDetails).toEqual(details);
      expect(stderr).toBe(`${algorithm} key ${await idOf(stdout)}\n`);
    });

    it('writes one to a file that only its owner may read', async () => {
      const { code, stdout, stderr } = await run(['keys:generate', '--out', 'signing.pem']);
      expect([code, stdout]).toEqual([0, '']);
      const file = join(folder, 'signing.pem');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(stderr).toBe(`ES256 key ${await idOf(await readFile(file, 'utf8'))} in signing.pem\n`);
    });

    it('never overwrites a file', async () => {
      await writeFile(join(folder, 'signing.pem'), 'the key of yesterday');
      const { code, stdout, stderr } = await run(['keys:generate', '--out', 'signing.pem']);
      expect([code, stdout, stderr]).toEqual([1, '', 'signing.pem is there already, and is left as it is.\n']);
      expect(await readFile(join(folder, 'signing.pem'), 'utf8')).toBe('the key of yesterday');
    });

    it('says in one line that it cannot write', async () => {
      const { code, stdout, stderr } = await run(['keys:generate', '--out', 'nowhere/signing.pem']);
      expect([code, stdout, stderr]).toEqual([1, '', 'nowhere/signing.pem cannot be written (ENOENT).\n']);
    });

    it('knows no other algorithm', async () => {
      const { code, stderr } = await run(['keys:generate', '--algorithm', 'EdDSA', '--out', 'signing.pem']);
      expect([code, stderr]).toEqual([1, expect.stringContaining('Allowed choices are ES256, RS256')]);
      expect(await readdir(folder)).toEqual([]);
    });
  });

  describe('keys:list', () => {
    it('says which key signs and which only verify, and no secret', async () => {
      await run(['keys:generate', '--out', 'signing.pem']);
      await run(['keys:generate', '--out', 'next.pem']);
      const env = {
        JWT_PRIVATE_KEY: 'signing.pem',
        JWT_VERIFICATION_KEYS: 'next.pem',
        JWT_PREVIOUS_SECRETS: TEST_SECRET,
      };
      const { code, stdout } = await run(['keys:list'], env);
      const [signing, next] = [
        await readFile(join(folder, 'signing.pem'), 'utf8'),
        await readFile(join(folder, 'next.pem'), 'utf8'),
      ];
      expect(code).toBe(0);
      expect(stdout.trimEnd().split('\n')).toEqual([
        `${await idOf(signing)}  ES256  signs and verifies`,
        expect.stringMatching(/^[\w-]{12} +HS256 {2}verifies$/),
        `${await idOf(next)}  ES256  verifies`,
      ]);
      for (const secret of [TEST_SECRET, signing.split('\n')[1] ?? '']) expect(stdout).not.toContain(secret);
    });

    it('says what is wrong with a key, and no content', async () => {
      const { code, stdout, stderr } = await run(['keys:list'], { JWT_PRIVATE_KEY: 'hunter2' });
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('  JWT_PRIVATE_KEY must be a key in PEM form, or the path of a file that can be read');
      expect(stderr).not.toContain('hunter2');
    });
  });
});
