import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { InvitationsService } from '../auth/invitations/invitations.service.js';
import { countOf } from '../common/plural.js';
import { Progress } from './progress.js';
import { withApp } from './with-app.js';

export interface InviteOptions {
  readonly perMinute: number;
  readonly dryRun?: boolean;
}

/** The users of one transaction. */
const BATCH_SIZE = 20;

/**
 * Invites imported users without a password, at most `perMinute`. Each user is invited once, so an interrupted command
 * continues when it runs again.
 */
export async function inviteImportedUsers({ perMinute, dryRun }: InviteOptions): Promise<void> {
  await withApp(async (app) => {
    const total = await app.get(InvitationsService).countImported();
    const invited = dryRun ? total : await inviteAll(app, total, perMinute);
    console.log(`${dryRun ? 'Would invite' : 'Invited'} ${countOf(invited, 'users')}.`);
  });
}

/** Invites all users who are due, in batches. Returns how many. */
async function inviteAll(app: INestApplication, total: number, perMinute: number): Promise<number> {
  const invitations = app.get(InvitationsService);
  const size = Math.min(BATCH_SIZE, perMinute);
  const progress = new Progress('users');
  let invited = 0;
  try {
    for (;;) {
      const count = await invitations.inviteImported(size);
      invited += count;
      if (count < size) return invited;
      progress.show(Math.min(invited / total, 1), `${invited} invited`);
      await sleep((size * 60_000) / perMinute);
    }
  } catch (error) {
    if (invited > 0)
      console.error(`Stopped after ${countOf(invited, 'users')}. Run the same command again to continue.`);
    throw error;
  } finally {
    progress.end();
  }
}
