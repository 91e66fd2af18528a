import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import config, { FLOORS } from '../../.dependency-cruiser.js';

const FIXTURES = 'test/architecture/fixtures';
const CRUISER = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** Every rule that is broken below these paths. The command's exit code is the number of violations. */
async function violations(...paths: string[]): Promise<Violation[]> {
  const args = [CRUISER, '--config', '.dependency-cruiser.js', '--output-type', 'json', ...paths];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: unknown) => error as { stdout: string },
  );
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

describe('the dependency rules', () => {
  let broken: Violation[];
  beforeAll(async () => (broken = await violations(FIXTURES)));

  it('hold in the source', async () => {
    expect(await violations('src', 'migrations', 'ormconfig.ts')).toEqual([]);
  });

  it.each(config.forbidden?.map(({ name }) => name ?? '') ?? [])('%s bites', (name) => {
    const inFixture = broken.filter(({ from }) => from.startsWith(`${FIXTURES}/${name}/`));
    expect(inFixture.map(({ rule }) => rule.name)).toContain(name);
  });

  it('have a floor for every folder of the source', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(FLOORS.flatMap((floor) => floor.split('|')).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('have a fixture each, and no fixture without a rule', () => {
    const names = config.forbidden?.map(({ name }) => name).sort();
    expect(readdirSync(FIXTURES).sort()).toEqual(names);
  });
});
