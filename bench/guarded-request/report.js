// The report: a table for whoever looks on, and files with the figures, a chart, and what they were taken with.
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { chart } from './chart.js';
import { markdown } from './markdown.js';
import { benchVersionsOf, versionsOf } from './packages.js';
import { HOW_TO_INSTALL } from './python.js';
import { judge, summarize } from './summary.js';

const NAME = 'guarded-request';
const OURS = ['@nestjs/core', 'express', 'passport-jwt', 'typeorm', 'pg'];

/**
 * @typedef {import('./contenders.js').Contender} Contender
 * @typedef {ReturnType<typeof reportOf>} Report
 *
 * @typedef {object} Given
 * @property {readonly Contender[]} contenders
 * @property {readonly Contender[]} skipped
 * @property {ReadonlyMap<string, readonly import('./load.js').Turn[]>} turns
 * @property {{ postgres: string, python: Record<string, string> | null, generator: string }} versions
 * @property {number} load of the machine before, by others
 * @property {import('./options.js').Options} options
 */

/**
 * Shows the report and writes it.
 *
 * @param {Given} given
 * @returns {Promise<boolean>} whether the promises were kept
 */
export async function publish(given) {
  const report = reportOf(given);
  console.table(
    Object.fromEntries(
      report.contenders.map(({ name, rps, least, most, p50, p99, ratio }) => [
        name,
        { 'requests/s': rps, least, most, 'p50 ms': p50, 'p99 ms': p99, 'Gatehouse is … times as fast': ratio ?? '' },
      ]),
    ),
  );
  for (const { sentence, isKept } of report.promises) console.log(`${isKept ? 'kept    ' : 'NOT KEPT'}  ${sentence}`);
  const { out } = given.options;
  await mkdir(out, { recursive: true });
  const files = { json: JSON.stringify(report), svg: chart(report), md: markdown(report, NAME) };
  for (const [ending, text] of Object.entries(files)) await write(join(out, `${NAME}.${ending}`), text);
  console.log(`Written: ${join(out, NAME)}.{${Object.keys(files).join(',')}}`);
  return report.promises.every(({ isKept }) => isKept);
}

/** @param {Given} given */
function reportOf({ contenders, skipped, turns, versions, load, options }) {
  const { sessions, rounds, seconds, connections } = options;
  const rows = summarize(contenders, turns);
  const peers = contenders.some(({ needs }) => needs === 'npm') ? benchVersionsOf(['better-auth']) : {};
  const python = contenders.some(({ needs }) => needs === 'python') ? versions.python : {};
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...said()].join(' '),
    sessions,
    users: Math.floor(sessions / 10),
    rounds,
    seconds,
    connections,
    machine: {
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      processors: availableParallelism(),
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      loadBefore: load,
      system: `${platform()} ${arch()}`,
    },
    generator: versions.generator,
    versions: { node: process.versions.node, postgresql: versions.postgres, ...versionsOf(OURS), ...peers, ...python },
    contenders: rows,
    skipped: skipped.map(({ name, what }) => ({ name, what, why: `not installed: ${HOW_TO_INSTALL}` })),
    promises: judge(rows),
  };
}

/** What was said on the command line. A folder is nobody's business. */
function said() {
  const args = process.argv.slice(2).filter((arg) => arg !== NAME);
  const out = args.findIndex((arg) => arg.startsWith('--out'));
  if (out >= 0) args.splice(out, args[out] === '--out' ? 2 : 1);
  return args.length > 0 ? ['--', ...args] : [];
}

/** Formatted as everything in the repository is. @param {string} file @param {string} text */
async function write(file, text) {
  const isFormatted = !file.endsWith('.svg');
  const config = await resolveConfig(join(import.meta.dirname, 'any.json'));
  await writeFile(file, isFormatted ? await format(text, { ...config, filepath: file }) : text);
}
