import { existsSync, readFileSync } from 'node:fs';

/** Returns the version in `package.json`. */
export function readVersion(): string {
  const besideSources = new URL('../../package.json', import.meta.url);
  const besideBuild = new URL('../../../package.json', import.meta.url);
  const text = readFileSync(existsSync(besideSources) ? besideSources : besideBuild, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
