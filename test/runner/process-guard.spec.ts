import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isAlive } from '../../scripts/postgres-lock.js';
import { until } from '../support/until.js';

/** Starts two children that run forever, guards both, and then only the second one. That one keeps the output open. */
const PARENT = `
import { spawn } from 'node:child_process';
const { guardChild, guardProcess } = await import(process.argv[2]);
const start = (stdio) => spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio });
const [first, second] = [start('ignore'), start(['ignore', 'inherit', 'ignore'])];
guardProcess(first.pid)();
guardChild(second, { folder: process.argv[3] });
console.log(first.pid);
`;

it('stops the guarded processes and deletes their folders when their owner is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-guard-'));
  const guard = resolve('test/runner/process-guard.js');
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT, 'parent', guard, folder]);
  const unguarded = Number(String((await once(parent.stdout, 'data'))[0]));
  // Not `isAlive`, because the first process of a container may leave a killed process as a zombie.
  const closed = once(parent, 'close');
  parent.kill('SIGKILL');
  try {
    await closed;
    await until('the folder is gone', () => !existsSync(folder));
    expect(isAlive(unguarded)).toBe(true);
  } finally {
    process.kill(unguarded, 'SIGKILL');
  }
});
