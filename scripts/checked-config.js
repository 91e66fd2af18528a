/**
 * The application's settings, from the build. Read before anything else happens, so that a bad variable is named
 * once and by us, and not by whatever trips over it first.
 *
 * @returns {Promise<import('../src/config/env.js').Config>}
 */
export async function checkedConfig() {
  const { readConfig } = await import(new URL('../dist/src/config/env.js', import.meta.url).href);
  return readConfig();
}
