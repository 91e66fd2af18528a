import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Finished {
  /** `null` if a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** The standard input. */
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs a file in a new Node.js process with this environment only, and waits until it exits. */
export async function runNode(
  file: string,
  args: readonly string[],
  { env = {}, input = '', cwd }: Surroundings = {},
): Promise<Finished> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [file, ...args], { cwd, env: { PATH, NODE_ENV: 'test', ...env } });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, stdout, stderr };
}
