import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import config from '../../.dependency-cruiser.js';

const CRUISER = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const CONFIG = resolve('.dependency-cruiser.js');

interface Violation {
  /** A file, or a folder. */
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const FORBIDDEN: [file: string, imported: string | null, rule: string][] = [
  ['src/notes/a.ts', 'src/notes/b.ts', 'no-cycles'],
  ['src/auth/round/a.ts', 'src/auth/trip/b.ts', 'no-folder-cycles'],
  ['src/notes/alone.ts', null, 'no-orphans'],
  ['src/notes/tested.ts', 'test/support/notes.ts', 'no-test-code'],
  ['src/notes/specified.ts', 'src/notes/notes.spec.ts', 'no-test-code'],
  ['migrations/1-notes.ts', 'test/support/notes.ts', 'no-test-code'],
  ['src/server/up.ts', 'src/cli/cli.ts', 'imports-go-down'],
  ['src/app.setup.ts', 'src/server/serve.ts', 'imports-go-down'],
  ['src/notes/up.ts', 'src/app.module.ts', 'imports-go-down'],
  ['src/sessions/up.ts', 'src/auth/auth.service.ts', 'imports-go-down'],
  ['src/sessions/up-to-new.ts', 'src/notes/notes.service.ts', 'imports-go-down'],
  ['src/users/up.ts', 'src/sessions/sessions.service.ts', 'imports-go-down'],
  ['src/health/sideways.ts', 'src/users/users.service.ts', 'imports-go-down'],
  ['src/platform/mail/up.ts', 'src/users/users.service.ts', 'imports-go-down'],
  ['src/http/up.ts', 'src/platform/mail/mail.service.ts', 'imports-go-down'],
  ['src/common/up.decorator.ts', 'src/http/problem.ts', 'imports-go-down'],
  ['src/common/up-to-main.ts', 'src/main.ts', 'imports-go-down'],
  ['src/config/sideways.ts', 'src/common/id.ts', 'imports-go-down'],
  ['src/notes/with-dto.ts', 'src/auth/sign-in/dto/login.dto.ts', 'private-http-files'],
  ['src/auth/with-controller.ts', 'src/sessions/sessions.controller.ts', 'private-http-files'],
  ['src/platform/mail/with-dto.ts', 'src/platform/audit/dto/event.dto.ts', 'private-http-files'],
  ['src/notes/with-repository.ts', 'src/auth/tokens/tokens.repository.ts', 'private-repositories'],
  ['src/platform/mail/with-repository.ts', 'src/platform/audit/audit.repository.ts', 'private-repositories'],
  ['src/users/with-sql.ts', 'typeorm', 'own-sql-only-in-repositories'],
  ['src/sessions/with-driver.ts', 'pg', 'own-sql-only-in-repositories'],
  ['src/users/with-http.ts', 'src/http/problem.ts', 'own-services-without-http'],
  ['src/users/with-express.ts', 'express', 'own-services-without-http'],
  ['src/auth/tokens/tokens.repository.ts', '@nestjs/swagger', 'own-services-without-http'],
  ['src/cli/with-process.ts', 'node:child_process', 'no-child-processes'],
  ['src/notes/with-vm.ts', 'vm', 'no-child-processes'],
  ['src/notes/with-cluster.ts', 'node:cluster', 'cluster-only-in-server'],
];

/** `src/todos` is a new module that no rule names. */
const ALLOWED: [file: string, ...imported: string[]][] = [
  ['src/app.module.ts', 'src/todos/todos.module.ts'],
  ['src/todos/todos.module.ts', 'src/todos/todos.controller.ts', 'src/todos/todos.service.ts'],
  [
    'src/todos/todos.controller.ts',
    '@nestjs/swagger',
    'src/http/current-principal.decorator.ts',
    'src/todos/dto/todo.dto.ts',
  ],
  ['src/todos/todos.middleware.ts', 'express'],
  ['src/todos/todos.service.ts', 'typeorm', 'src/todos/todos.repository.ts', 'src/users/users.repository.ts'],
  ['src/todos/todos.repository.ts', 'typeorm', 'src/platform/database/prepared.ts', 'src/todos/todo.entity.ts'],
  ['src/todos/todo.entity.ts', 'typeorm', '@nestjs/swagger', 'src/users/user.entity.ts'],
  ['src/todos/dto/todo.dto.ts', 'src/todos/todo.entity.ts', 'src/http/fields.ts'],
  [
    'src/todos/reminders.service.ts',
    'src/auth/auth.service.ts',
    'src/sessions/sessions.service.ts',
    'src/config/env.ts',
  ],
  ['src/server/cluster.ts', 'node:cluster', 'src/auth/auth.errors.ts'],
  ['src/cli/import.ts', 'src/users/dto/imported-user.dto.ts'],
  ['src/todos/todos.service.spec.ts', 'test/support/builders.ts', 'src/todos/todos.service.ts'],
];

describe('the dependency rules', () => {
  let violations: Violation[];

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dependency-rules-'));
    for (const name of ['node_modules', 'tsconfig.json']) symlinkSync(resolve(name), join(folder, name));
    for (const [file, imported] of FORBIDDEN) write(folder, file, imported === null ? [] : [imported]);
    write(folder, 'src/notes/b.ts', ['src/notes/a.ts']);
    write(folder, 'src/auth/trip/c.ts', ['src/auth/round/a.ts']);
    for (const [file, ...imports] of ALLOWED) write(folder, file, imports);
    violations = await cruise(folder, 'src', 'migrations');
    rmSync(folder, { recursive: true });
  });

  it.each(FORBIDDEN)('%s must not import %s (%s)', (file, _, rule) => {
    const found = violations.filter(({ from }) => from === file || from === dirname(file));
    expect(found.map(({ rule: { name } }) => name)).toEqual([rule]);
  });

  it('all have an example', () => {
    const names = config.forbidden?.map(({ name }) => name);
    expect(new Set(FORBIDDEN.map(([, , rule]) => rule))).toEqual(new Set(names));
  });

  it('allow a new module without an entry', () => {
    const files = ALLOWED.map(([file]) => file);
    expect(violations.filter(({ from }) => files.includes(from))).toEqual([]);
  });

  it('find no violation in the source', async () => {
    const found = await cruise('.', 'src', 'migrations', 'ormconfig.ts');
    expect(found.map(({ from, to, rule: { name } }) => `${name}: ${from} -> ${to}`)).toEqual([]);
  });
});

/** Writes a file with type imports, and an empty file for each import that does not exist yet. */
function write(folder: string, file: string, imports: readonly string[]): void {
  const lines = imports.map((imported) => {
    if (!imported.endsWith('.ts')) return `import type {} from '${imported}';\n`;
    append(join(folder, imported), '');
    const path = relative(dirname(file), imported).replace(/\.ts$/, '.js');
    return `import type {} from './${path}';\n`;
  });
  append(join(folder, file), lines.join(''));
}

function append(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text);
}

/** Returns the violations below these paths. The exit code of the command is their number. */
async function cruise(cwd: string, ...paths: string[]): Promise<Violation[]> {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', ...paths];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: unknown) => error as { stdout: string },
  );
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}
