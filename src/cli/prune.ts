import { AuditPruner } from '../platform/audit/audit-pruner.js';
import { isNotPermitted } from '../platform/database/pg-errors.js';
import type { Pruner } from '../platform/database/pruner.js';
import { SessionPruner } from '../sessions/session-pruner.js';
import { prune } from '../platform/upkeep/prune.js';
import { PRUNERS } from '../platform/upkeep/pruners.js';
import { CommandError } from './errors.js';
import { Progress } from './progress.js';
import { withApp } from './with-app.js';

/** Prunes everything now, whatever the schedule says. What this database role may not delete is left, and named. */
export async function pruneAll(): Promise<void> {
  await withApp(async (app) => {
    for (const pruner of app.get<readonly Pruner[]>(PRUNERS)) {
      await pruneVisibly(pruner).catch((error: unknown) => {
        if (!isNotPermitted(error)) throw error;
        console.error(`This database role may not delete ${pruner.subject}: they are left.`);
      });
    }
  });
}

/** @param olderThan how long ago, in milliseconds, a session must have ended; as configured where it is left out */
export async function pruneSessions(olderThan?: number): Promise<void> {
  await withApp(async (app) => {
    const sessions = app.get(SessionPruner);
    await pruneVisibly({ subject: sessions.subject, steps: () => sessions.steps(olderThan) });
  });
}

/** @param olderThan how old, in milliseconds, an event must be; as configured where it is left out */
export async function pruneAudit(olderThan?: number): Promise<void> {
  await withApp(async (app) => {
    const events = app.get(AuditPruner);
    await pruneVisibly({ subject: events.subject, steps: () => events.steps(olderThan) }).catch((error: unknown) => {
      if (!isNotPermitted(error)) throw error;
      throw new CommandError('This database role may not delete audit events. Use one that may: docs/operations.md.');
    });
  });
}

/** Prunes with a progress bar, and says in one line how much went. */
async function pruneVisibly(pruner: Pruner): Promise<void> {
  const progress = new Progress(pruner.subject);
  let total = 0;
  try {
    await prune(pruner, (step) => {
      total += step.deleted;
      progress.show(step.progress, `${total} deleted`);
      return true;
    });
  } finally {
    progress.end();
  }
  console.log(`Deleted ${total} ${pruner.subject}.`);
}
