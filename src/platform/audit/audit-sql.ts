import type { AuditEntry } from './audit-event.js';

/** The columns that an entry sets. The database sets the ID and the time. */
const COLUMNS = {
  type: 'text',
  outcome: 'text',
  reason: 'text',
  user_id: 'uuid',
  actor_id: 'uuid',
  session_id: 'uuid',
  actor_session_id: 'uuid',
  ip_address: 'inet',
  user_agent: 'text',
  device_name: 'text',
  details: 'jsonb',
} as const;

type Column = keyof typeof COLUMNS;

const NAMES = Object.keys(COLUMNS) as Column[];
const DEFINITION = NAMES.map((name) => `${name} ${COLUMNS[name]}`).join(', ');

/**
 * A UUID version 7 from the database's clock in microseconds (RFC 9562 §6.2, method 3). So the order of IDs is the order of
 * time on all instances.
 */
const ID = `(lpad(to_hex(micros / 1000), 12, '0') || to_hex(28672 + micros % 1000 * 4096 / 1000)
            || substr(gen_random_uuid()::text, 20))::uuid`;

/** Returns an SQL expression for the lowest ID at a time. Times before 1970 count as 1970. */
export function lowestIdAt(time: string): string {
  return `rpad(lpad(to_hex(greatest(extract(epoch FROM ${time}) * 1000, 0)::bigint), 12, '0'), 32, '0')::uuid`;
}

/** Rows that a statement has changed. Their columns override those of the entry. */
export interface ChangedRows {
  /** The name of the common table expression. */
  readonly from: string;
  readonly columns: Partial<Record<Column, string>>;
}

/**
 * Returns the `INSERT` statement for audit events. Repositories can make it part of the statement that it records
 * (`WITH changed AS (UPDATE … RETURNING …) INSERT …`).
 *
 * @param parameter the number of the SQL parameter for `eventsParameter`
 * @param rows records one event per row
 */
export function insertEvents(parameter: number, rows?: ChangedRows): string {
  const values = NAMES.map((name) => rows?.columns[name] ?? `event.${name}`);
  return `
    INSERT INTO audit_events (id, occurred_at, ${NAMES.join(', ')})
    SELECT ${ID}, date_trunc('milliseconds', at), ${values.join(', ')}
      FROM jsonb_to_recordset($${parameter}::jsonb) AS event(${DEFINITION})
     ${rows ? `CROSS JOIN ${rows.from}` : ''}
     CROSS JOIN clock_timestamp() AS at
     CROSS JOIN LATERAL (SELECT (extract(epoch FROM at) * 1000000)::bigint AS micros) AS clock`;
}

/** Returns the value of the SQL parameter for `insertEvents`. */
export function eventsParameter(entries: readonly AuditEntry[]): string {
  return JSON.stringify(entries.map(toRow));
}

function toRow(entry: AuditEntry): Record<Column, unknown> {
  const { type, outcome = 'success', reason, userId = null, actor, deviceName, details } = entry;
  const isOwnAccount = actor?.userId !== undefined && actor.userId === userId;
  return {
    type,
    outcome,
    reason: reason ?? null,
    user_id: userId,
    actor_id: actor?.userId ?? null,
    session_id: (entry.sessionId === undefined && isOwnAccount ? actor.sessionId : entry.sessionId) ?? null,
    actor_session_id: actor?.sessionId ?? null,
    ip_address: actor?.client.ipAddress ?? null,
    user_agent: actor?.client.userAgent ?? null,
    device_name: deviceName ?? null,
    details: details ?? null,
  };
}
