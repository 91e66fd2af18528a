import { isNotPermitted } from '../platform/database/pg-errors.js';
import type { Pruner } from '../platform/database/pruner.js';
import type { UpkeepTask } from '../platform/upkeep/upkeep-task.js';
import { Pruners } from '../platform/upkeep/pruners.js';
import { CommandError } from './errors.js';
import { Progress } from './progress.js';
import { withApp } from './with-app.js';
import { countOf } from '../common/plural.js';

/**
 * Runs all upkeep tasks and prunes all tables now, regardless of the schedule. Reports what this database role may not
 * delete. If one task or table fails, finishes the others before it throws.
 */
export async function pruneAll(): Promise<void> {
  await withApp(async (app) => {
    const failures: unknown[] = [];
    for (const task of app.get(Pruners).tasks()) {
      await runVisibly(task).catch((error: unknown) => failures.push(error));
    }
    for (const pruner of app.get(Pruners).all()) {
      await pruneVisibly(pruner).catch((error: unknown) => {
        if (!isNotPermitted(error)) failures.push(error);
        else console.error(`This database role may not delete ${pruner.subject}. They are kept.`);
      });
    }
    if (failures.length > 0) throw failures[0];
  });
}

/** @param retentionMs how long ago a session must have ended; the configured time by default */
export async function pruneSessions(retentionMs?: number): Promise<void> {
  await withApp((app) => pruneVisibly(app.get(Pruners).find('sessions'), retentionMs));
}

/** @param retentionMs the minimum age of an event; the configured time by default */
export async function pruneAudit(retentionMs?: number): Promise<void> {
  await withApp(async (app) => {
    await pruneVisibly(app.get(Pruners).find('audit events'), retentionMs).catch((error: unknown) => {
      if (!isNotPermitted(error)) throw error;
      throw new CommandError(
        'This database role may not delete audit events. Use another one, as docs/operations.md describes.',
      );
    });
  });
}

/** Runs a task and prints its number of results. */
async function runVisibly(task: UpkeepTask): Promise<void> {
  let total = 0;
  for await (const count of task.steps()) total += count;
  if (total > 0) console.log(`Queued ${countOf(total, task.subject)}.`);
}

/** Prunes with a progress bar and prints how many rows were deleted. */
async function pruneVisibly(pruner: Pruner, retentionMs?: number): Promise<void> {
  const progress = new Progress(pruner.subject);
  let total = 0;
  try {
    for await (const step of pruner.prune(retentionMs)) {
      total += step.deleted;
      progress.show(step.progress, `${total} deleted`);
    }
  } finally {
    progress.end();
  }
  console.log(`Deleted ${countOf(total, pruner.subject)}.`);
}
