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

const { lockfileVersion, packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, object>;
const { '': root, ...others } = packages;
const installed = Object.entries(others);
const namesOf = (chosen: typeof installed) => chosen.map(([path]) => path);

describe('the lockfile, which is all that npm ci installs', () => {
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
    expect(installed.length).toBeGreaterThan(100);
    expect(namesOf(loose)).toEqual([]);
  });

  it('names no place to fetch a package from but the registry that is configured', () => {
    expect(namesOf(installed.filter(([, { resolved, link }]) => resolved !== undefined || link))).toEqual([]);
  });

  it('runs no script of a package that ships, at its installation, but those that are known', () => {
    const scripts = installed.filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev);
    // bcrypt takes its binary out of its own archive; Scarf counts installations, and package.json turns it off.
    expect(namesOf(scripts)).toEqual(['node_modules/@scarf/scarf', 'node_modules/bcrypt']);
    expect(manifest['scarfSettings']).toEqual({ enabled: false });
  });
});
