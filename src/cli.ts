import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command, InvalidArgumentError } from 'commander';
import { AppModule } from './app.module.js';
import { DomainError, ValidationFailedError } from './common/domain.error.js';
import { StrictValidationPipe } from './common/http/strict-validation.pipe.js';
import { parseDuration } from './config/duration.js';
import { ConfigurationError, readConfig } from './config/env.js';
import { buildOpenApi } from './openapi.js';
import { SessionPruner } from './sessions/session-pruner.js';
import { CreateUserDto } from './users/dto/create-user.dto.js';
import { UsersService } from './users/users.service.js';

const program = new Command('cli').description('Gatehouse, from the command line');

program
  .command('users:create-admin')
  .description('Create an admin. Prints the password, unless one is given on the standard input.')
  .requiredOption('--email <address>', 'the e-mail address')
  .option('--name <name>', 'what the admin is called')
  .option('--password-stdin', 'read the password from the standard input')
  .option('--if-none', 'do nothing if there is an active admin already')
  .action(async ({ email, name, passwordStdin, ifNone }: CreateAdminOptions) => {
    const given = passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined;
    const password = given ?? randomBytes(18).toString('base64url');
    const user = await validUser({ email, password, name });
    await withApp(async (app) => {
      const users = app.get(UsersService);
      if (ifNone && (await users.hasActiveAdmin())) {
        console.log('There is an active admin already.');
        return;
      }
      const admin = await users.create({ ...user, role: 'admin' });
      console.log(`Created the admin ${admin.email}`);
      if (given === undefined) console.log(`Password: ${password}`);
    });
  });

program
  .command('sessions:prune')
  .description('Delete sessions that ended long ago')
  .option('--older-than <duration>', 'how long ago they must have ended', toDuration, parseDuration('30d') ?? 0)
  .action(async ({ olderThan }: { olderThan: number }) => {
    await withApp(async (app) => {
      console.log(`Deleted ${await app.get(SessionPruner).prune(olderThan)} sessions.`);
    });
  });

program
  .command('openapi:export')
  .description('Write the OpenAPI document. Needs no database.')
  .argument('[file]', 'where to write it; the standard output by default')
  .action(async (file: string | undefined) => {
    await withApp(async (app) => {
      const document = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
      if (file) await writeFile(file, document);
      else process.stdout.write(document);
    });
  });

interface CreateAdminOptions {
  readonly email: string;
  readonly name?: string;
  readonly passwordStdin?: boolean;
  readonly ifNone?: boolean;
}

/** Runs one command on an application that does not listen, and closes it again. */
async function withApp(use: (app: INestApplication) => Promise<void>): Promise<void> {
  readConfig();
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  try {
    await app.init();
    await use(app);
  } finally {
    await app.close();
  }
}

/** Holds an admin who is created here to the rules of one who is created by HTTP. */
async function validUser(fields: object): Promise<CreateUserDto> {
  return (await new StrictValidationPipe().transform(fields, {
    type: 'body',
    metatype: CreateUserDto,
  })) as CreateUserDto;
}

/** What a person is told; undefined for what only a developer can read. */
function explain(error: unknown): string | undefined {
  if (error instanceof ValidationFailedError) {
    return error.extensions.errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('\n');
  }
  return error instanceof DomainError || error instanceof ConfigurationError ? error.message : undefined;
}

function toDuration(value: string): number {
  const duration = parseDuration(value);
  if (duration === null) throw new InvalidArgumentError('It must be a duration with a unit, such as 12h or 30d.');
  return duration;
}

program.parseAsync().catch((error: unknown) => {
  console.error(explain(error) ?? error);
  process.exitCode = 1;
});
