import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/run-cli.js';
import type { Finished } from './run-node.js';

/** Runs a command with this environment in the process of the test, because a new process costs two seconds. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Finished> {
  const { PATH = '' } = process.env;
  const lines: Record<'log' | 'error', string[]> = { log: [], error: [] };
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.log.push(`${line}\n`));
  jest.spyOn(console, 'error').mockImplementation((line: string) => void lines.error.push(`${line}\n`));
  jest.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([input]) as typeof process.stdin);
  // `DOTENV_PATH` keeps the developer's .env file out.
  jest.replaceProperty(process, 'env', { PATH, NODE_ENV: 'test', DOTENV_PATH: '/dev/null', ...env });
  try {
    const code = await runCli(args);
    return { code, stdout: lines.log.join(''), stderr: lines.error.join('') };
  } finally {
    jest.restoreAllMocks();
  }
}
