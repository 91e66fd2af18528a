// node scripts/published-secrets.js FILE...: adds the hashes of published secrets, one per line, to those that production
// rejects. Leaves out secrets that are rejected anyway, such as placeholders and UUIDs.
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.js';
import { runMain } from './run.js';

const FILE = 'src/config/published-secret-hashes.ts';
const HEADER = `/**
 * Short hashes of published secrets that look random: from widely copied tutorials and templates, and from the list
 * \`Passwords/scraped-JWT-secrets.txt\` of SecLists (https://github.com/danielmiessler/SecLists, MIT License). See
 * \`published-secrets.ts\`. Written by \`scripts/published-secrets.js\`.
 */
`;
const HASHES_PER_LINE = 13;

runMain(async () => {
  await ensureBuilt();
  /** @param {string} name */
  const load = (name) => import(pathToFileURL(`dist/src/config/${name}.js`).href);
  const [{ secretWeakness }, { shortHash }, { HASHES }] = await Promise.all(
    ['secret-strength', 'published-secrets', 'published-secret-hashes'].map(load),
  );
  const texts = await Promise.all(process.argv.slice(2).map((file) => readFile(file, 'utf8')));
  const accepted = texts.flatMap((text) => text.split(/\r?\n/)).filter((secret) => secretWeakness(secret) === null);
  const hashes = [...new Set([...HASHES.trim().split(/\s+/), ...accepted.map(shortHash)])].filter(Boolean).sort();
  const lines = [];
  for (let at = 0; at < hashes.length; at += HASHES_PER_LINE) {
    lines.push(hashes.slice(at, at + HASHES_PER_LINE).join(' '));
  }
  await writeFile(FILE, `${HEADER}export const HASHES = \`\n${lines.join('\n')}\n\`;\n`);
  console.log(`${hashes.length} hashes, of which ${new Set(accepted).size} are new.`);
  return 0;
});
