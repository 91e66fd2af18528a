import { spawn } from 'node:child_process';
import { once } from 'node:events';

const WORKER = `
  await import('${new URL('./runtime.js', import.meta.url).href}');
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', () => undefined);
  process.send('ready');`;

describe('a worker of Jest', () => {
  it('ends at SIGTERM without running the listeners of an application', async () => {
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', WORKER], { stdio: [...stdio] });
    const exit = once(child, 'exit');
    await once(child, 'message');
    child.kill('SIGTERM');
    expect(await exit).toEqual([null, 'SIGKILL']);
  });
});
