import { basename, resolve } from 'node:path';
import { CommandError } from '../errors.js';
import { newId } from '../../common/id.js';
import { IMPORTED_FIELDS } from '../../users/dto/imported-user.dto.js';
import {
  UserImportService,
  type ImportedUser,
  type ImportOutcome,
  type RefusedLine,
} from '../../users/user-import.service.js';
import { Progress } from '../progress.js';
import { withApp } from '../with-app.js';
import type { FileRecord } from './file-record.js';
import { RejectionReport } from './rejection-report.js';
import { toUser } from './to-user.js';
import { UserFile } from './user-file.js';

export interface ImportOptions {
  /** Where the report of what was refused goes; beside the file by default. */
  readonly report?: string;
  readonly dryRun?: boolean;
}

/** How many users one transaction takes. */
const BATCH = 500;
/** The exit code of an import that refused something. */
const SOME_REFUSED = 2;

/**
 * Imports the users of a file, from the beginning and in its order. What is refused is told by its line; the rest goes
 * in. After an interruption the same command goes on: who is there already is left as they are.
 */
export async function importUsers(path: string, { report, dryRun = false }: ImportOptions): Promise<void> {
  const reportPath = report ?? `${path}.refused.csv`;
  if (resolve(reportPath) === resolve(path)) throw new CommandError('The report would overwrite the file.');
  const file = await UserFile.open(path);
  try {
    await withApp(async (app) => {
      const users = app.get(UserImportService);
      const source = { file: basename(path), run: newId() };
      const take = (batch: readonly ImportedUser[]) => (dryRun ? users.check(batch) : users.import(batch, source));
      const refusals = await RejectionReport.at(reportPath);
      const counts = await importAll(file, take, refusals);
      console.log(`${dryRun ? 'Would import' : 'Imported'} ${counts}.`);
      if (refusals.count > 0) process.exitCode = SOME_REFUSED;
    });
  } finally {
    file.close();
  }
}

/** @returns the counts, as a person reads them */
async function importAll(
  file: UserFile,
  take: (users: readonly ImportedUser[]) => Promise<ImportOutcome[]>,
  refusals: RejectionReport,
): Promise<string> {
  const counts = { imported: 0, existing: 0, refused: 0 };
  const progress = new Progress('users');
  const begin = performance.now();
  let rows = 0;
  try {
    for await (const batch of inBatches(file.records(IMPORTED_FIELDS))) {
      const checked = await Promise.all(batch.map(toUser));
      const taken = await take(checked.flatMap((result) => (isRefused(result) ? [] : [result])));
      const outcomes = [...checked.filter(isRefused), ...taken].sort((one, other) => one.line - other.line);
      for (const { status } of outcomes) counts[status] += 1;
      await refusals.add(outcomes.filter(isRefused));
      rows += batch.length;
      progress.show(file.progress, `${rows} rows, ${Math.round((rows * 1_000) / (performance.now() - begin))} rows/s`);
    }
  } catch (error) {
    if (rows > 0) console.error(`Stopped after ${rows} rows. The same command goes on.`);
    throw error;
  } finally {
    progress.end();
    for (const line of await refusals.close()) console.error(line);
  }
  return `${counts.imported} users, ${counts.existing} exist already, ${counts.refused} refused`;
}

function isRefused(result: ImportedUser | ImportOutcome): result is RefusedLine {
  return 'status' in result && result.status === 'refused';
}

async function* inBatches(records: AsyncIterable<FileRecord>): AsyncGenerator<FileRecord[]> {
  let batch: FileRecord[] = [];
  for await (const record of records) {
    if (batch.push(record) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
