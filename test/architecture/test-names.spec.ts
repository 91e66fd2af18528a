import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import config from '../../jest.config.js';
import { runNode } from '../support/run-node.js';

const FOUND = ['src/a.service.spec.ts', 'src/notes/notes.e2e-spec.ts', 'test/app.e2e-spec.ts', 'test/e2e/b.spec.ts'];
const OTHER = ['src/inspec.ts', 'test/support/spec.ts', 'test/e2e/c.spec.js', 'bench/d.spec.ts'];

it('Jest runs *.spec.ts and *.e2e-spec.ts in src and test, and no other file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'gatehouse-names-'));
  for (const file of [...FOUND, ...OTHER]) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), '');
  }
  const { testMatch, testPathIgnorePatterns } = config;
  await writeFile(join(root, 'jest.config.json'), JSON.stringify({ testMatch, testPathIgnorePatterns }));
  const jest = join(process.cwd(), 'node_modules/jest/bin/jest.js');
  const { stdout } = await runNode(jest, [
    '--listTests',
    '--rootDir',
    root,
    '--config',
    join(root, 'jest.config.json'),
  ]);
  const found = stdout
    .trim()
    .split('\n')
    .map((path) => path.slice(path.indexOf(root) + root.length + 1));
  expect(found.sort()).toEqual(FOUND);
  await rm(root, { recursive: true });
});
