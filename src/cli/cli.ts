import { Command, InvalidArgumentError, Option } from 'commander';
import type { AdminOptions } from './create-admin.js';
import type { ImportOptions } from './import/import-users.js';
import type { GenerateOptions } from './keys.js';
import { parseDuration } from '../config/duration.js';

/** Loaded only when a command runs: a wrong argument or `--help` needs no application. */
const admins = () => import('./create-admin.js');
const keys = () => import('./keys.js');
const openApi = () => import('./openapi.js');
const pruning = () => import('./prune.js');
const importing = () => import('./import/import-users.js');

const program = new Command('cli').description('Gatehouse, from the command line');

program
  .command('users:create-admin')
  .description('Create an admin. Prints the password, unless one is given on the standard input.')
  .requiredOption('--email <address>', 'the e-mail address')
  .option('--name <name>', 'what the admin is called')
  .option('--password-stdin', 'read the password from the standard input')
  .option('--if-none', 'do nothing if there is an active admin already')
  .action(async (options: AdminOptions) => (await admins()).createAdmin(options));

program
  .command('users:import')
  .description('Import the users of another system. docs/operations.md says what stands in the file.')
  .argument('<file>', 'CSV or NDJSON, by the end of its name')
  .option('--report <file>', 'where the refused lines are told; <file>.refused.csv by default')
  .option('--dry-run', 'check each line, and import nothing')
  .action(async (file: string, options: ImportOptions) => (await importing()).importUsers(file, options));

program
  .command('sessions:prune')
  .description('Delete sessions that ended long ago')
  .option('--older-than <duration>', 'how long ago they must have ended; SESSION_RETENTION by default', toDuration)
  .action(async ({ olderThan }: { olderThan?: number }) => (await pruning()).pruneSessions(olderThan));

program
  .command('prune')
  .description('Delete everything that has been kept for long enough: sessions, tokens, mails and so on')
  .action(async () => (await pruning()).pruneAll());

program
  .command('audit:prune')
  .description('Delete old audit events, with a database role that may')
  .option('--older-than <duration>', 'how old they must be; AUDIT_RETENTION by default', toDuration)
  .action(async ({ olderThan }: { olderThan?: number }) => (await pruning()).pruneAudit(olderThan));

program
  .command('openapi:export')
  .description('Write the OpenAPI document. Needs no database.')
  .argument('[file]', 'where to write it; the standard output by default')
  .action(async (file: string | undefined) => (await openApi()).exportOpenApi(file));

program
  .command('keys:generate')
  .description('Draw a private key that signs access tokens. Needs no database.')
  .addOption(new Option('--algorithm <name>', 'what it signs by').choices(['ES256', 'RS256']).default('ES256'))
  .option('--out <file>', 'a new file to write it to; the standard output by default')
  .action(async (options: GenerateOptions) => (await keys()).generateKey(options));

program
  .command('keys:list')
  .description('Show the configured keys of access tokens, and no secret. Needs no database.')
  .action(async () => (await keys()).listKeys());

/** @returns milliseconds */
function toDuration(value: string): number {
  const duration = parseDuration(value);
  if (duration === null) throw new InvalidArgumentError('It must be a duration with a unit, such as 12h or 30d.');
  return duration;
}

program.parseAsync().catch(async (error: unknown) => {
  const { explain } = await import('./errors.js');
  console.error(explain(error) ?? error);
  process.exitCode = 1;
});
