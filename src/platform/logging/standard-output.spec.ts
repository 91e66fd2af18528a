import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const MODULE = new URL('../../../dist/src/platform/logging/standard-output.js', import.meta.url).href;
/** Reports on its standard error when it has written 64 MB, which no pipe can hold, and when it has flushed. */
const WRITER = `
  import { writeSync } from 'node:fs';
  import { flushStandardOutput, standardOutput } from ${JSON.stringify(MODULE)};
  const output = standardOutput();
  for (let line = 0; line < 64; line += 1) output.write('x'.repeat(1_048_576));
  writeSync(2, 'written ');
  await flushStandardOutput();
  writeSync(2, 'flushed');
  process.exit(0);`;

describe('standard output', () => {
  it.each([
    ['full', 'pause'],
    ['closed', 'destroy'],
  ] as const)('that is a %s pipe neither blocks nor ends the process', async (_, act) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', WRITER], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout[act]();
    const [log, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    child.stdout.destroy();
    expect([log, code]).toEqual(['written flushed', 0]);
  });
});
