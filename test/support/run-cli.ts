import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { TEST_SECRET } from './test-app.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as its own process, far from any `.env`, and waits for its end. */
export async function runCli(databaseUrl: string, args: readonly string[], input = ''): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      BCRYPT_COST: '4',
      JWT_SECRET: TEST_SECRET,
      DATABASE_URL: databaseUrl,
      DB_CONNECT_TIMEOUT: '2s',
    },
  });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, stdout, stderr };
}
