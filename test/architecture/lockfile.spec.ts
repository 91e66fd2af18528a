import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Locked & Record<'dependencies' | 'devDependencies', object | undefined>>>;
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const namesOf = (chosen: readonly (readonly [string, Locked])[]) => chosen.map(([path]) => path);

describe.each([
  // bcrypt unpacks its own binary. Scarf counts installations, and package.json disables it.
  {
    folder: '.',
    what: 'the product',
    known: ['node_modules/@scarf/scarf', 'node_modules/bcrypt'],
    local: ['node_modules/@gatehouse/schematics', 'schematics'],
    least: 50,
  },
  { folder: 'bench', what: 'the contenders of the benchmark', known: [], local: [], least: 10 },
])('the lockfile of $what', ({ folder, known, local, least }) => {
  const { lockfileVersion, packages } = read(`${folder}/package-lock.json`) as Lockfile;
  const manifest = read(`${folder}/package.json`) as Record<string, object>;
  const { '': root, ...others } = packages;
  const installed = Object.entries(others).filter(([path]) => !local.includes(path));

  it('matches package.json, as npm ci requires', () => {
    expect(lockfileVersion).toBe(3);
    expect([root?.dependencies, root?.devDependencies]).toEqual([
      manifest['dependencies'],
      manifest['devDependencies'],
    ]);
  });

  it('pins an exact version and a SHA-512 of every package', () => {
    const loose = installed.filter(
      ([, { version = '', integrity = '' }]) =>
        !/^\d+\.\d+\.\d+/.test(version) || !/^sha512-[\w+/]{86}==$/.test(integrity),
    );
    expect(installed.length).toBeGreaterThan(least);
    expect(namesOf(loose)).toEqual([]);
  });

  it('names no package source except the configured registry', () => {
    expect(namesOf(installed.filter(([, { resolved, link }]) => resolved !== undefined || link))).toEqual([]);
  });

  it('links only packages of this repository', () => {
    const links = Object.entries(packages).filter(([, { link }]) => link);
    expect(links.flatMap(([path, { resolved }]) => [path, resolved])).toEqual(local);
  });

  it('allows only known install scripts in shipped packages', () => {
    const scripts = installed.filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev);
    expect(namesOf(scripts)).toEqual(known);
  });
});

it('keeps npm from writing a lockfile for the TypeScript client, as for any library', () => {
  const options = { cwd: 'clients/typescript', encoding: 'utf8', timeout: 60_000 } as const;
  expect(execFileSync('npm', ['config', 'get', 'package-lock'], options).trim()).toBe('false');
});

it('disables Scarf, which counts installations', () => {
  expect((read('package.json') as Record<string, object>)['scarfSettings']).toEqual({ enabled: false });
});
