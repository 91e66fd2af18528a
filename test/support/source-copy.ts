import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runNode, type Finished } from './run-node.js';

const NEST = 'node_modules/@nestjs/cli/bin/nest.js';
/** Not part of the source, or specific to this checkout. */
const EXCLUDED = new Set(['.data', '.env', '.git', 'coverage', 'dist', 'node_modules']);

/** A copy of the source in a temporary folder, for tests that add files to it. It shares the installed packages. */
export class SourceCopy {
  private constructor(readonly folder: string) {}

  static create(): SourceCopy {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-source-'));
    // PostgreSQL may run as another user.
    chmodSync(folder, 0o755);
    for (const name of readdirSync('.').filter((entry) => !EXCLUDED.has(entry))) {
      cpSync(name, join(folder, name), { recursive: true });
    }
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    return new SourceCopy(folder);
  }

  /** Runs `npx nest`. */
  nest(...args: string[]): Promise<Finished> {
    return runNode(join(this.folder, NEST), args, { cwd: this.folder });
  }

  /** Runs an npm script. */
  npm(script: string, ...args: string[]): Promise<Finished> {
    const npm = process.env['npm_execpath'];
    if (!npm) throw new Error('Run the tests with npm, because this one runs npm scripts.');
    return runNode(npm, ['run', '--silent', script, '--', ...args], { cwd: this.folder });
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  /** Returns the paths of all files below these folders. */
  files(...folders: string[]): string[] {
    return folders.flatMap((name) =>
      readdirSync(join(this.folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1)),
    );
  }

  delete(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
