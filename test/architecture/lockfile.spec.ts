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
  // bcrypt takes its binary out of its own archive; Scarf counts installations, and package.json turns it off.
  { folder: '.', what: 'the product', known: ['node_modules/@scarf/scarf', 'node_modules/bcrypt'], least: 50 },
  { folder: 'bench', what: 'the contenders of the benchmark', known: [], least: 10 },
])('the lockfile of $what, which is all that npm ci installs', ({ folder, known, least }) => {
  const { lockfileVersion, packages } = read(`${folder}/package-lock.json`) as Lockfile;
  const manifest = read(`${folder}/package.json`) as Record<string, object>;
  const { '': root, ...others } = packages;
  const installed = Object.entries(others);

  it('is of this package.json: npm ci refuses any other', () => {
    expect(lockfileVersion).toBe(3);
    expect([root?.dependencies, root?.devDependencies]).toEqual([
      manifest['dependencies'],
      manifest['devDependencies'],
    ]);
  });

  it('has an exact version and a SHA-512 of every package, so that none can be replaced', () => {
    const loose = installed.filter(
      ([, { version = '', integrity = '' }]) =>
        !/^\d+\.\d+\.\d+/.test(version) || !/^sha512-[\w+/]{86}==$/.test(integrity),
    );
    expect(installed.length).toBeGreaterThan(least);
    expect(namesOf(loose)).toEqual([]);
  });

  it('names no place to fetch a package from but the registry that is configured', () => {
    expect(namesOf(installed.filter(([, { resolved, link }]) => resolved !== undefined || link))).toEqual([]);
  });

  it('runs no script of a package that ships, at its installation, but those that are known', () => {
    const scripts = installed.filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev);
    expect(namesOf(scripts)).toEqual(known);
  });
});

it('turns Scarf off, which counts installations', () => {
  expect((read('package.json') as Record<string, object>)['scarfSettings']).toEqual({ enabled: false });
});
