// What was found: for whoever looks on, and in docs/performance.md, between the marks there.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { format, resolveConfig } from 'prettier';
import { quantile } from '../support/client.js';
import { EXCEPTIONS, judgeGuarded, judgePages, judgeStatements, kept } from './judge.js';
import { purposeOf } from './purposes.js';

const DOCUMENT = 'docs/performance.md';

/**
 * @typedef {import('./plan.js').Seen} Seen
 * @typedef {{ name: string, page: number, first: Seen, far: Seen }} Page
 * @typedef {import('./explain.js').Explained & { size: number, lookups: readonly Lookup[] }} Sized
 * @typedef {Seen & { count: number, kind: string, micros: number }} Lookup
 *
 * @typedef {object} Line all statements of one purpose, at each size
 * @property {string} purpose
 * @property {Set<string>} shapes on the largest database
 * @property {number[]} rows the most that one of them read
 * @property {number[]} buffers in the middle: an insert that needs new room in a file looks for it
 * @property {number[][]} all the buffers of each of them
 * @property {string[]} whole
 *
 * @typedef {object} Found
 * @property {ReadonlyMap<number, readonly import('./guarded.js').Turn[]>} turns
 * @property {readonly Sized[]} sized from the smallest to the largest
 * @property {readonly string[]} indexes that are no constraint's
 * @property {readonly string[]} keysWithoutIndex
 * @property {readonly string[]} generic purposes whose generic plan reads a growing table from the beginning
 */

/** @param {number} value */
const number = (value) => Math.round(value).toLocaleString('en');

/** @param {Found} found @param {import('./options.js').Options} options @returns {Promise<boolean>} whether all promises were kept */
export async function publish(found, { write }) {
  const { turns, sized, indexes } = found;
  const lines = linesOf(sized);
  const largest = /** @type {Sized} */ (sized.at(-1));
  const used = sized.flatMap((one) => [...statementsOf(one), ...one.pages.flatMap(({ first, far }) => [first, far])]);
  const unused = indexes.filter((index) => !used.some(({ shape }) => shape.includes(`\`${index}\``)));
  const promises = [
    ...judgeStatements(lines),
    judgePages(largest.pages),
    judgeGuarded(ratioOf(turns)),
    kept(`every index is used (${unused.join(', ') || 'all are'})`, unused.length === 0),
    kept(
      `every foreign key has its index (${found.keysWithoutIndex.join(', ') || 'all have'})`,
      found.keysWithoutIndex.length === 0,
    ),
    kept(
      `plans for all values alike read no growing table from the beginning (${found.generic.join(', ') || 'none does'})`,
      found.generic.length === 0,
    ),
  ];
  const parts = {
    growth: growthOf(found, lines, promises),
    rows: new Map([...largest.calls].map(([name, all]) => [name, all.reduce((sum, { rows }) => sum + rows, 0)])),
  };
  console.log(parts.growth);
  if (write) await rewrite(parts);
  return promises.every(({ isKept }) => isKept);
}

/** Of the processor time of a guarded request, the largest database against the smallest. @param {Found['turns']} turns */
function ratioOf(turns) {
  const least = [...turns.values()].map(leastOf);
  return Number(least.at(-1)) / Number(least[0]);
}

/** The processor time of a request in the best round: what else the machine does only adds to it. @param {readonly import('./guarded.js').Turn[]} rounds */
const leastOf = (rounds) => Math.min(...rounds.map(({ micros }) => micros));

/** @param {Sized} sized */
const statementsOf = ({ calls, extras, afterwards }) => [...calls.values(), ...extras.values(), afterwards].flat();

/** @param {readonly Sized[]} sized @returns {Map<string, Line>} */
function linesOf(sized) {
  /** @type {Map<string, Line>} */
  const lines = new Map();
  for (const [index, one] of sized.entries()) {
    for (const { text, shape, rows, buffers, whole } of statementsOf(one)) {
      const purpose = purposeOf(text);
      const line = lines.get(purpose) ?? { purpose, shapes: new Set(), rows: [], buffers: [], all: [], whole: [] };
      lines.set(purpose, line);
      line.rows[index] = Math.max(line.rows[index] ?? 0, rows);
      (line.all[index] ??= []).push(buffers);
      line.buffers[index] = quantile(line.all[index] ?? [], 0.5);
      if (index < sized.length - 1) continue;
      line.shapes.add(shape);
      line.whole.push(...whole);
    }
  }
  return lines;
}

/** @param {Found} found @param {Map<string, Line>} lines @param {readonly { sentence: string, isKept: boolean }[]} promises */
function growthOf({ turns, sized }, lines, promises) {
  const sizes = sized.map(({ size }) => size);
  const heads = sizes.map((size) => ` ${number(size)} |`).join('');
  const dashes = sizes.map(() => ' ---: |').join('');
  const largest = /** @type {Sized} */ (sized.at(-1));
  const median = (/** @type {number} */ size, /** @type {'rps' | 'micros'} */ figure) =>
    quantile(
      (turns.get(size) ?? []).map((turn) => turn[figure]),
      0.5,
    );
  const lookupRows = largest.lookups.map(({ count, kind }, index) => {
    const at = (/** @type {'buffers' | 'micros'} */ figure) =>
      sized.map(({ lookups }) => ` ${number(lookups[index]?.[figure] ?? 0)} |`).join('');
    return `| lookup of ${count}, ${kind} plan: pages |${at('buffers')}\n| lookup of ${count}, ${kind} plan: µs |${at('micros')}`;
  });
  return `\`npm run bench -- growth --sizes ${sizes.join(',')}\`, ${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim()}, ${cpus().length} processors.

${promises.map(({ sentence, isKept }) => `- ${isKept ? 'kept' : '**not kept**'}: ${sentence}`).join('\n')}

### A guarded request at each size

| Sessions |${heads}
| --- |${dashes}
| requests a second |${sizes.map((size) => ` ${number(median(size, 'rps'))} |`).join('')}
| processor time of a request, µs: median |${sizes.map((size) => ` ${number(median(size, 'micros'))} |`).join('')}
| … least of all rounds, by which it is judged |${sizes.map((size) => ` ${number(leastOf(turns.get(size) ?? []))} |`).join('')}
${lookupRows.join('\n')}

### Lists

Pages of PostgreSQL that were read for a page of ten, with ${number(largest.size)} sessions.

| List | First page | Far page | which is |
| --- | ---: | ---: | ---: |
${largest.pages.map(({ name, page, first, far }) => `| \`${name}\` | ${number(first.buffers)} | ${number(far.buffers)} | ${number(page)} |`).join('\n')}

### Statements

The indexes that each goes by with the most sessions, and the pages of PostgreSQL that it reads at each size, the median
of all requests of the table above. An insert needs pages of every index of its table.

| Statement | Goes by |${heads}
| --- | --- |${dashes}
${[...lines.values()].map(({ purpose, shapes, buffers }) => `| ${purpose} | ${[...shapes].filter(Boolean).join('; or ') || '–'} |${sizes.map((_, index) => ` ${buffers[index] === undefined ? '–' : number(buffers[index])} |`).join('')}`).join('\n')}

Exceptions, which may read a growing table:

${Object.entries(EXCEPTIONS)
  .map(([what, why]) => `- ${what.startsWith('GET') ? `\`${what}\`` : what}: ${why}`)
  .join('\n')}`;
}

/** @param {{ growth: string, rows: ReadonlyMap<string, number> }} parts */
async function rewrite({ growth, rows }) {
  const before = await readFile(DOCUMENT, 'utf8');
  const withRows = before.replace(/^\| (.+?) +\| +(\d+) \| +(\d+) \| +(\d+) \| +\S+ \|$/gm, (line, route, ...cells) =>
    rows.has(route) ? `| ${[route, ...cells.slice(0, 3), number(rows.get(route) ?? 0)].join(' | ')} |` : line,
  );
  const after = withRows.replace(/(?<=<!-- growth -->\n).*(?=\n<!-- end -->)/s, () => `\n${growth}\n`);
  const config = await resolveConfig(DOCUMENT);
  await writeFile(DOCUMENT, await format(after, { ...config, filepath: DOCUMENT }));
  console.log(`Written: ${DOCUMENT}`);
}
