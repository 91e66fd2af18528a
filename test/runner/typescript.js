// Module hooks that load TypeScript files. swc compiles each file when a test imports it.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { SWC_OPTIONS } from '../../scripts/swc.js';

/**
 * Resolves `./name.js` to `name.ts` where a TypeScript file imports it.
 *
 * @type {import('node:module').ResolveHook}
 */
export function resolve(specifier, context, nextResolve) {
  const { parentURL = '' } = context;
  if (isTypeScript(parentURL) && /^\.{1,2}\/.*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return nextResolve(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!isTypeScript(url)) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const options = { ...SWC_OPTIONS, filename, sourceFileName: filename, sourceMaps: /** @type {const} */ ('inline') };
  const { code } = await transform(await readFile(filename, 'utf8'), options);
  return { format: 'module', source: code, shortCircuit: true };
}

/** @param {string} url */
function isTypeScript(url) {
  return url.startsWith('file:') && url.endsWith('.ts');
}
