import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { newId } from '../common/id.js';
import type { Role } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { importRejectionReason, unmatchableHash } from '../platform/passwords/password-hash.js';
import { normalizeEmail } from './email.js';
import { UserImportRepository, type ExistingUser, type ImportedUserRow } from './user-import.repository.js';

/** A user of another system, with a valid and normalized email. */
export interface ImportedUser {
  /** The user's line in the file. */
  readonly line: number;
  readonly email: string;
  readonly name?: string | null | undefined;
  readonly role?: Role | undefined;
  /** If missing, the user must accept an invitation or reset their password before they can sign in. */
  readonly passwordHash?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly emailVerifiedAt?: Date | undefined;
  readonly isActive?: boolean | undefined;
}

/** Identifies an import in its audit events. */
export interface ImportSource {
  readonly file: string;
  /** A unique ID of this run. */
  readonly run: string;
}

/** The result for one line. `existing` means that an identical account exists, which was not changed. */
export type ImportOutcome = { readonly line: number; readonly status: 'imported' | 'existing' } | RejectedLine;

export interface RejectedLine {
  readonly line: number;
  readonly status: 'rejected';
  readonly reason: string;
}

type Row = ImportedUserRow & { readonly line: number };

/** Passwords are not compared, because a sign-in since the import may have replaced the hash. */
const COMPARED_FIELDS = ['name', 'role', 'isActive'] as const;

/** Imports users of other systems, in batches. */
@Injectable()
export class UserImportService {
  private readonly cost: number;

  constructor(
    @InjectConfig() { password }: Config,
    private readonly database: Database,
    private readonly repository: UserImportRepository,
    private readonly audit: AuditRecorder,
  ) {
    this.cost = password.bcryptCost;
  }

  /**
   * Imports the users whose email is not taken and records the audit events, in one transaction. Does not change
   * existing accounts.
   *
   * @throws DatabaseUnavailableError, and no user of the batch is imported
   */
  async import(users: readonly ImportedUser[], source: ImportSource): Promise<ImportOutcome[]> {
    return this.process(users, (rows) =>
      this.database.transactionWithRetry(async (manager) => {
        const inserted = await this.repository.insertNew(manager, rows);
        const imported = rows.filter(({ id }) => inserted.has(id));
        await this.record(manager, imported, source);
        const others = rows.filter(({ id }) => !inserted.has(id));
        return [...imported.map(toImported), ...(await this.explain(manager, others, source.run))];
      }),
    );
  }

  /** Returns what `import` would do, without changing anything. Does not detect duplicates within the file. */
  async check(users: readonly ImportedUser[]): Promise<ImportOutcome[]> {
    return this.process(users, async (rows) => {
      const found = await this.database.run((manager) => this.findExisting(manager, rows));
      return rows.map((row) => {
        const existing = found.get(row.email);
        return existing ? compare(row, existing) : toImported(row);
      });
    });
  }

  /** Rejects invalid users and passes the others to `processRows`. */
  private async process(
    users: readonly ImportedUser[],
    processRows: (rows: Row[]) => Promise<ImportOutcome[]>,
  ): Promise<ImportOutcome[]> {
    const rejected: ImportOutcome[] = [];
    const rows: Row[] = [];
    for (const user of users) {
      const reason = this.rejectionReason(user);
      if (reason === null) rows.push(this.toRow(user));
      else rejected.push({ line: user.line, status: 'rejected', reason });
    }
    const outcomes = rows.length > 0 ? await processRows(rows) : [];
    return [...rejected, ...outcomes];
  }

  private rejectionReason({ passwordHash, emailVerified, emailVerifiedAt }: ImportedUser): string | null {
    if (emailVerified === false && emailVerifiedAt) return 'emailVerified is false, but emailVerifiedAt has a time';
    const reason = passwordHash === undefined ? null : importRejectionReason(passwordHash, this.cost);
    return reason && `passwordHash ${reason}`;
  }

  private toRow(user: ImportedUser): Row {
    const { line, email, name = null, role = 'user', isActive = true } = user;
    const passwordHash = user.passwordHash ?? unmatchableHash(this.cost);
    const emailVerifiedAt = user.emailVerifiedAt ?? (user.emailVerified ? 'now' : null);
    const invitation = user.passwordHash === undefined ? 'due' : null;
    return { id: newId(), line, email, passwordHash, name, role, isActive, emailVerifiedAt, invitation };
  }

  private async record(manager: EntityManager, rows: readonly Row[], { file, run }: ImportSource): Promise<void> {
    if (rows.length === 0) return;
    await this.audit.recordAll(
      manager,
      rows.map(({ id, role, line }) => ({
        type: 'user_created',
        userId: id,
        actor: null,
        details: { role, by: 'import', file, line, run },
      })),
    );
  }

  /** Returns why rows were not inserted: their email is in an earlier line of the file, or has an account already. */
  private async explain(manager: EntityManager, rows: readonly Row[], run: string): Promise<ImportOutcome[]> {
    if (rows.length === 0) return [];
    const found = await this.findExisting(manager, rows);
    const ids = [...found.values()].map(({ id }) => id);
    const created = await this.audit.detailsOf(manager, 'user_created', ids);
    return rows.map((row): ImportOutcome => {
      const existing = found.get(row.email);
      // The other account was deleted or changed its email, after the insert or within the last days.
      if (!existing)
        return {
          line: row.line,
          status: 'rejected',
          reason: 'email belonged to another account until recently. Import it again in a week',
        };
      const origin = created.get(existing.id);
      if (origin?.['run'] !== run) return compare(row, existing);
      return { line: row.line, status: 'rejected', reason: `email is already in line ${Number(origin['line'])}` };
    });
  }

  private async findExisting(manager: EntityManager, rows: readonly Row[]): Promise<Map<string, ExistingUser>> {
    const emails = rows.map(({ email }) => email);
    const users = await this.repository.findByEmails(manager, emails);
    return new Map(users.map((user) => [normalizeEmail(user.email), user]));
  }
}

function toImported({ line }: Row): ImportOutcome {
  return { line, status: 'imported' };
}

function compare(row: Row, existing: ExistingUser): ImportOutcome {
  const differing = COMPARED_FIELDS.filter((field) => row[field] !== existing[field]);
  if (differing.length === 0) return { line: row.line, status: 'existing' };
  const reason = `email belongs to an account that differs in ${differing.join(', ')}`;
  return { line: row.line, status: 'rejected', reason };
}
