import { basename, resolve } from 'node:path';
import { newId } from '../../common/id.js';
import { ValidationFailedError } from '../../common/domain.error.js';
import { ImportedUserDto, IMPORTED_FIELDS } from '../../users/dto/imported-user.dto.js';
import {
  UserImportService,
  type ImportedUser,
  type ImportOutcome,
  type RejectedLine,
} from '../../users/user-import.service.js';
import { CommandError } from '../errors.js';
import { Progress } from '../progress.js';
import { describeFields, validate } from '../validate.js';
import { withApp } from '../with-app.js';
import type { FileRecord } from './records.js';
import { RejectionReport } from './rejection-report.js';
import { UserFile } from './user-file.js';
import { countOf } from '../../common/plural.js';

export interface ImportOptions {
  /** The path of the report of rejected lines. */
  readonly report?: string;
  readonly dryRun?: boolean;
}

/** The users of one transaction. */
const BATCH_SIZE = 500;
const SOME_REJECTED_EXIT_CODE = 2;
/** The decoder replaces bytes that are not UTF-8 by this character. */
const REPLACEMENT_CHARACTER = '\uFFFD';

/**
 * Imports the users of a file in its order and reports the lines that were rejected. Accounts that already exist stay
 * as they are, so an interrupted import continues when it runs again.
 *
 * @returns the exit code
 */
export async function importUsers(path: string, { report, dryRun = false }: ImportOptions): Promise<number> {
  const reportPath = report ?? `${path}.refused.csv`;
  if (resolve(reportPath) === resolve(path)) throw new CommandError('The report would overwrite the file.');
  const file = await UserFile.open(path);
  let exitCode = 0;
  try {
    await withApp(async (app) => {
      const users = app.get(UserImportService);
      const source = { file: basename(path), run: newId() };
      const importBatch = (batch: readonly ImportedUser[]) =>
        dryRun ? users.check(batch) : users.import(batch, source);
      const rejections = await RejectionReport.create(reportPath);
      console.log(`${dryRun ? 'Would import' : 'Imported'} ${await importAll(file, importBatch, rejections)}.`);
      if (rejections.count > 0) exitCode = SOME_REJECTED_EXIT_CODE;
    });
  } finally {
    file.close();
  }
  return exitCode;
}

/** @returns the counts, such as `3 users, 0 already exist, 2 rejected` */
async function importAll(
  file: UserFile,
  importBatch: (users: readonly ImportedUser[]) => Promise<ImportOutcome[]>,
  rejections: RejectionReport,
): Promise<string> {
  const counts = { imported: 0, existing: 0, rejected: 0 };
  const progress = new Progress('users');
  const start = performance.now();
  let rows = 0;
  try {
    for await (const batch of inBatches(file.records(IMPORTED_FIELDS))) {
      const checked = await Promise.all(batch.map(toUser));
      const outcomes = await importBatch(checked.filter((result): result is ImportedUser => !isRejected(result)));
      const all = [...checked.filter(isRejected), ...outcomes].sort((one, other) => one.line - other.line);
      for (const { status } of all) counts[status] += 1;
      await rejections.add(all.filter(isRejected));
      rows += batch.length;
      const rowsPerSecond = Math.round((rows * 1_000) / (performance.now() - start));
      progress.show(file.progress, `${countOf(rows, 'rows')}, ${rowsPerSecond}/s`);
    }
  } catch (error) {
    if (rows > 0) console.error(`Stopped after ${countOf(rows, 'rows')}. Run the same command again to continue.`);
    throw error;
  } finally {
    progress.end();
    for (const line of await rejections.close()) console.error(line);
  }
  const { imported, existing, rejected } = counts;
  const exist = existing === 1 ? 'exists' : 'exist';
  return `${countOf(imported, 'users')}, ${existing} already ${exist}, ${rejected} rejected`;
}

/** Applies the rules of the API to a record. */
async function toUser(record: FileRecord): Promise<ImportedUser | RejectedLine> {
  const reject = (reason: string): RejectedLine => ({ line: record.line, status: 'rejected', reason });
  if ('error' in record) return reject(record.error);
  if (
    Object.values(record.fields).some((value) => typeof value === 'string' && value.includes(REPLACEMENT_CHARACTER))
  ) {
    return reject('is not in UTF-8');
  }
  try {
    return { ...(await validate(ImportedUserDto, record.fields)), line: record.line };
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    return reject(describeFields(error.extensions.errors).join('; '));
  }
}

function isRejected(result: ImportedUser | ImportOutcome): result is RejectedLine {
  return 'status' in result && result.status === 'rejected';
}

async function* inBatches(records: AsyncIterable<FileRecord>): AsyncGenerator<FileRecord[]> {
  let batch: FileRecord[] = [];
  for await (const record of records) {
    if (batch.push(record) < BATCH_SIZE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
