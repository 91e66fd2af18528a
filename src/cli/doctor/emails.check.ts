import { DatabaseUnavailableError, isNotPermitted, isOutdatedSchema } from '../../platform/database/pg-errors.js';
import type { Database } from '../../platform/database/database.js';
import { warnIf, type Finding } from '../../server/checks/finding.js';
import { findEmailRows } from '../../users/email-rows.js';

const MAX_NAMED = 10;

/** Warns about accounts whose email is not normalized, because no request finds them by it. */
export async function inspectEmails(database: Database): Promise<readonly Finding[]> {
  try {
    return await database.run(async (manager) => {
      const ids: string[] = [];
      for await (const { id } of findEmailRows(manager, null)) ids.push(id);
      const named = ids.slice(0, MAX_NAMED).join(', ') + (ids.length > MAX_NAMED ? ', …' : '');
      return warnIf(
        ids.length > 0,
        'emails',
        `Accounts that no request can find by their email, because it is not normalized: ${named}. See ` +
          'docs/operations.md, Mailboxes.',
      );
    });
  } catch (error) {
    // Other checks report these errors. A table with many millions of rows can exceed the timeout.
    if (error instanceof DatabaseUnavailableError || isOutdatedSchema(error) || isNotPermitted(error)) return [];
    throw error;
  }
}
