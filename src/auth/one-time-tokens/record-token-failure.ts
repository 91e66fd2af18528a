import type { Client } from '../../common/client.js';
import type { AuditType } from '../../platform/audit/audit-event.js';
import type { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { Database } from '../../platform/database/database.js';
import { TokenUsedOrExpiredError } from './one-time-tokens.errors.js';

interface FailedAttempt {
  readonly type: AuditType;
  readonly client: Client;
  readonly error: unknown;
}

/** Records an attempt that failed because its token does not work. Ignores other errors. */
export async function recordTokenFailure(
  database: Database,
  audit: AuditRecorder,
  { type, client, error }: FailedAttempt,
): Promise<void> {
  if (!(error instanceof TokenUsedOrExpiredError)) return;
  const event = { type, outcome: 'failure', reason: error.code, actor: { client } } as const;
  await database.run((manager) => audit.record(manager, event));
}
