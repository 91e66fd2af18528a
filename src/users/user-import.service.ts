import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { newId } from '../common/id.js';
import type { Role } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { importFault } from '../platform/passwords/imported-hash.js';
import { unmatchableHash } from '../platform/passwords/password-hash.js';
import { normalizeEmail } from './email.js';
import { UserImportRepository, type ExistingUser, type ImportedUserRow } from './user-import.repository.js';

/** A user of another system, with a valid and normalized address. */
export interface ImportedUser {
  /** Where they stand in the file. */
  readonly line: number;
  readonly email: string;
  readonly name?: string | null | undefined;
  readonly role?: Role | undefined;
  /** Without one, the person has to choose a new password before they can sign in. */
  readonly passwordHash?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly emailVerifiedAt?: Date | undefined;
  readonly isActive?: boolean | undefined;
}

/** From where users come. */
export interface ImportSource {
  readonly file: string;
  /** An id of this very run of the import. */
  readonly run: string;
}

/** What became of the user in a line. `existing`: there is an account that says the same; it was left as it is. */
export type ImportOutcome = { readonly line: number; readonly status: 'imported' | 'existing' } | RefusedLine;

export interface RefusedLine {
  readonly line: number;
  readonly status: 'refused';
  readonly reason: string;
}

type Row = ImportedUserRow & { readonly line: number };

const COMPARED = ['name', 'role', 'isActive'] as const;

/** Takes over accounts of other systems, some hundred at a time. */
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
   * Imports those whose address is free, and writes that down, in one transaction. The others are left as they are.
   *
   * @throws DatabaseUnavailableError and then none of them is imported
   */
  async import(users: readonly ImportedUser[], source: ImportSource): Promise<ImportOutcome[]> {
    return this.eachGood(users, (rows) =>
      this.database.transaction(async (manager) => {
        const inserted = await this.repository.insertNew(manager, rows);
        const imported = rows.filter(({ id }) => inserted.has(id));
        await this.record(manager, imported, source);
        const others = rows.filter(({ id }) => !inserted.has(id));
        return [...imported.map(importedRow), ...(await this.explain(manager, others, source.run))];
      }),
    );
  }

  /** Says what `import` would do, and does nothing. An address that stands in the file twice is not noticed. */
  async check(users: readonly ImportedUser[]): Promise<ImportOutcome[]> {
    return this.eachGood(users, async (rows) => {
      const found = await this.database.run((manager) => this.findExisting(manager, rows));
      return rows.map((row) => {
        const existing = found.get(row.email);
        return existing ? compared(row, existing) : importedRow(row);
      });
    });
  }

  private async eachGood(
    users: readonly ImportedUser[],
    act: (rows: Row[]) => Promise<ImportOutcome[]>,
  ): Promise<ImportOutcome[]> {
    const refused = users.flatMap((user): ImportOutcome[] => {
      const reason = this.faultOf(user);
      return reason === null ? [] : [{ line: user.line, status: 'refused', reason }];
    });
    const bad = new Set(refused.map(({ line }) => line));
    const rows = users.filter(({ line }) => !bad.has(line)).map((user) => this.toRow(user));
    const outcomes = rows.length > 0 ? await act(rows) : [];
    return [...refused, ...outcomes];
  }

  private faultOf({ passwordHash, emailVerified, emailVerifiedAt }: ImportedUser): string | null {
    if (emailVerified === false && emailVerifiedAt) return 'emailVerified says no, and emailVerifiedAt says when';
    const fault = passwordHash === undefined ? null : importFault(passwordHash, this.cost);
    return fault && `passwordHash ${fault}`;
  }

  private toRow(user: ImportedUser): Row {
    const { line, email, name = null, role = 'user', isActive = true } = user;
    const passwordHash = user.passwordHash ?? unmatchableHash(this.cost);
    const emailVerifiedAt = user.emailVerifiedAt ?? (user.emailVerified ? 'now' : null);
    return { id: newId(), line, email, passwordHash, name, role, isActive, emailVerifiedAt };
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

  /** Why these were not inserted: what their addresses have is of an earlier line, or was there before. */
  private async explain(manager: EntityManager, rows: readonly Row[], run: string): Promise<ImportOutcome[]> {
    if (rows.length === 0) return [];
    const found = await this.findExisting(manager, rows);
    const ids = [...found.values()].map(({ id }) => id);
    const created = await this.audit.detailsOf(manager, 'user_created', ids);
    return rows.map((row): ImportOutcome => {
      const existing = found.get(row.email);
      // Deleted in this very moment.
      if (!existing) return { line: row.line, status: 'refused', reason: 'email was taken a moment ago: try again' };
      const origin = created.get(existing.id);
      if (origin?.['run'] !== run) return compared(row, existing);
      return { line: row.line, status: 'refused', reason: `email stands in line ${Number(origin['line'])} already` };
    });
  }

  private async findExisting(manager: EntityManager, rows: readonly Row[]): Promise<Map<string, ExistingUser>> {
    const emails = rows.map(({ email }) => email);
    const users = await this.repository.findByEmails(manager, emails);
    return new Map(users.map((user) => [normalizeEmail(user.email), user]));
  }
}

function importedRow({ line }: Row): ImportOutcome {
  return { line, status: 'imported' };
}

/** Passwords are not compared: a person who signed in since has a new hash of the same one. */
function compared(row: Row, existing: ExistingUser): ImportOutcome {
  const differing = COMPARED.filter((field) => row[field] !== existing[field]);
  if (differing.length === 0) return { line: row.line, status: 'existing' };
  const reason = `email belongs to an account that differs in ${differing.join(', ')}`;
  return { line: row.line, status: 'refused', reason };
}
