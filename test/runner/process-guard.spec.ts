import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isAlive } from '../../scripts/postgres-lock.js';
import { until } from '../support/until.js';

/** Starts two children that run forever, guards both, and then only the second one. */
const PARENT = `
import { spawn } from 'node:child_process';
const { guardChild, guardProcess } = await import(process.argv[2]);
const start = () => spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
const [first, second] = [start(), start()];
guardProcess(first.pid)();
guardChild(second, { folder: process.argv[3] });
console.log(first.pid + ' ' + second.pid);
`;

it('stops the guarded processes and deletes their folders when their owner is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-guard-'));
  const guard = resolve('test/runner/process-guard.js');
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT, 'parent', guard, folder]);
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const [unguarded = 0, guarded = 0] = String(output).split(' ').map(Number);
  parent.kill('SIGKILL');
  try {
    await until('the guarded process and its folder are gone', () => !isAlive(guarded) && !existsSync(folder));
    expect(isAlive(unguarded)).toBe(true);
  } finally {
    process.kill(unguarded, 'SIGKILL');
  }
});
