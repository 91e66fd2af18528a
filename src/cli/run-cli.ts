import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { AdminOptions } from './create-admin.js';
import type { DoctorOptions } from './doctor/doctor.js';
import type { ImportOptions } from './import/import-users.js';
import type { InviteOptions } from './invite-users.js';
import type { GenerateOptions } from './keys.js';
import { parseDuration } from '../config/duration.js';

/** Loads a command's code when it runs, because `--help` and argument errors need no application. */
const pruning = () => import('./prune.js');
const keys = () => import('./keys.js');

/** Runs one command and returns its exit code. Prints expected errors as one message, and others with their stack. */
export async function runCli(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('cli')
    .description('Gatehouse administration')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => console.log(text.trimEnd()),
      writeErr: (text) => console.error(text.trimEnd()),
    });

  program
    .command('users:create-admin')
    .description('Create an admin and print a random password, unless --password-stdin is given.')
    .requiredOption('--email <email>', 'e-mail address')
    .option('--name <name>', 'name')
    .option('--password-stdin', 'read the password from standard input')
    .option('--if-none', 'do nothing if an active admin exists')
    .action(async (options: AdminOptions) => (await import('./create-admin.js')).createAdmin(options));

  program
    .command('users:import')
    .description('Import the users of another system. docs/operations.md describes the file.')
    .argument('<file>', 'a .csv, .ndjson or .jsonl file')
    .option(
      '--report <file>',
      'write the line numbers and reasons of rejected rows to this file (default: <file>.refused.csv)',
    )
    .option('--dry-run', 'check every line and import nothing')
    .action(async (file: string, options: ImportOptions) => {
      exitCode = await (await import('./import/import-users.js')).importUsers(file, options);
    });

  program
    .command('users:reset-factors')
    .description('Remove all second factors of a user who lost them, and revoke all their sessions.')
    .requiredOption('--email <email>', 'e-mail address')
    .action(async ({ email }: { email: string }) => (await import('./reset-factors.js')).resetFactors(email));

  program
    .command('factors:reseal')
    .description('Encrypt the secrets of authenticator apps with the newest key, so that older keys can be removed.')
    .action(async () => (await import('./reseal-factors.js')).resealFactors());

  program
    .command('users:invite')
    .description('Mail an invitation to choose a password to users who have none.')
    .requiredOption('--imported', 'the users that were imported without a password hash')
    .option('--per-minute <number>', 'how many users to invite per minute', toCount, 60)
    .option('--dry-run', 'print how many users would be invited')
    .action(async (options: InviteOptions) => (await import('./invite-users.js')).inviteImportedUsers(options));

  program
    .command('sessions:prune')
    .description('Delete sessions that ended long ago.')
    .option('--older-than <duration>', 'minimum time since their end (default: SESSION_RETENTION)', toDurationMs)
    .action(async ({ olderThan }: { olderThan?: number }) => (await pruning()).pruneSessions(olderThan));

  program
    .command('prune')
    .description('Delete all expired data, such as sessions, tokens and mails.')
    .action(async () => (await pruning()).pruneAll());

  program
    .command('audit:prune')
    .description('Delete old audit events. Needs a database role that may delete them.')
    .option('--older-than <duration>', 'minimum age (default: AUDIT_RETENTION)', toDurationMs)
    .action(async ({ olderThan }: { olderThan?: number }) => (await pruning()).pruneAudit(olderThan));

  program
    .command('doctor')
    .description('Check the configuration, the database, Redis, mail and this machine. Changes nothing.')
    .option('--instances <number>', 'how many instances share the database (default: 1)', toCount)
    .option('--json', 'print the findings as JSON')
    .action(async (options: DoctorOptions) => {
      exitCode = await (await import('./doctor/doctor.js')).runDoctor(options);
    });

  program
    .command('openapi:export')
    .description('Write the OpenAPI document. Needs no database.')
    .argument('[file]', 'output file (default: standard output)')
    .action(async (file: string | undefined) => (await import('./openapi.js')).exportOpenApi(file));

  program
    .command('keys:generate')
    .description('Generate a private key that signs access tokens. Needs no database.')
    .addOption(new Option('--algorithm <name>', 'signature algorithm').choices(['ES256', 'RS256']).default('ES256'))
    .option('--out <file>', 'new output file (default: standard output)')
    .action(async (options: GenerateOptions) => (await keys()).generateKey(options));

  program
    .command('keys:list')
    .description('List the configured keys for access tokens, without secrets. Needs no database.')
    .action(async () => (await keys()).listKeys());

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const { describeError } = await import('./errors.js');
    console.error(describeError(error));
    return 1;
  }
}

function toCount(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(value);
}

function toDurationMs(value: string): number {
  const duration = parseDuration(value);
  if (duration === null) throw new InvalidArgumentError('It must be a duration with a unit, such as 12h or 30d.');
  return duration;
}
