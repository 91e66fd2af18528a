import type { Database } from '../../platform/database/database.js';
import { warnIf, type Finding } from '../../server/checks/finding.js';
import { findEmailRows } from '../../users/email-rows.js';

const MAX_NAMED = 10;

/** Warns about accounts whose email is not normalized, because no request finds them by it. */
export async function inspectEmails(database: Database): Promise<readonly Finding[]> {
  return database.run(async (manager) => {
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
}
