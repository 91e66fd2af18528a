// The report as a page.
import { RUN_UP } from './turns.js';

/** @param {number} value */
const number = (value) => value.toLocaleString('en');

/** @param {number} milliseconds */
const time = (milliseconds) => milliseconds.toFixed(milliseconds < 10 ? 2 : 1);

/**
 * @param {import('./report.js').Report} report @param {string} name of the files beside it
 * @returns {string} not formatted yet
 */
export function markdown(report, name) {
  const { contenders, skipped, promises, machine, versions, sessions, users, rounds, seconds, connections } = report;
  return `# The guarded request

Requests per second that verify a token and ask PostgreSQL whether its session still counts, as \`npm run bench\`
measured them. All figures are in [${name}.json](${name}.json).

![Requests per second of each contender](${name}.svg)

| | requests/s | least | most | p50 ms | p99 ms | Gatehouse is … times as fast |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${contenders
  .map(({ name, rps, least, most, p50, p99, ratio }) => {
    const cells = [number(rps), number(least), number(most), time(p50), time(p99), ratio?.toFixed(2) ?? ''];
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  })
  .join('\n')}

Medians of ${rounds} × ${seconds} s, taken in turns after one to warm up, and the least and the most of them. Each turn
has a run-up of ${RUN_UP} s before, because who waited for a minute has connections to open again. Only the ratios travel to another machine.

## Who is measured

${contenders.map(({ name, what }) => `- \`${name}\`: ${what}`).join('\n')}
${skipped.map(({ name, why }) => `- \`${name}\`: skipped, ${why}`).join('\n')}

Each is one process with ten connections to the same PostgreSQL, which holds ${number(sessions)} sessions of
${number(users)} users. ${number(connections)} connections ask for 1,000 different sessions in turn. Before, each had to
answer 20 of them with the right user, and to refuse a forged token and a session that was revoked a moment ago. Every
answer had to be good. better-auth runs without rate limits and telemetry, which are not what is measured.

## Promises

${promises.map(({ sentence, isKept }) => `- ${isKept ? 'kept' : '**not kept**'}: ${sentence}`).join('\n')}

## With what

- \`${report.command}\`, ${report.date}, driven by ${report.generator}
- ${machine.processor}, ${machine.processors} processors for everything (contenders, PostgreSQL and what drives them), ${machine.memory}, ${machine.system}, load before: ${machine.loadBefore}
- ${Object.entries(versions)
    .map(([what, version]) => `${what} ${version}`)
    .join(', ')}
`;
}
