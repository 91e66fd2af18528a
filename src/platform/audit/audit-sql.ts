import type { AuditEntry } from './audit-event.js';

/** What is told of an event, by column. The id and the time are the database's to say. */
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
 * A UUID version 7 of the database's clock, to the microsecond (RFC 9562 §6.2, method 3). So the order of ids is the
 * order in time on all instances, and says exactly as much as `occurred_at`.
 */
const ID = `(lpad(to_hex(micros / 1000), 12, '0') || to_hex(28672 + micros % 1000 * 4096 / 1000)
            || substr(gen_random_uuid()::text, 20))::uuid`;

/** The lowest id of a time, as an expression: events before it have lower ones. Nothing is before 1970. */
export function lowestIdAt(time: string): string {
  return `rpad(lpad(to_hex(greatest(extract(epoch FROM ${time}) * 1000, 0)::bigint), 12, '0'), 32, '0')::uuid`;
}

/** The rows of a change that are told of one by one, and which of their columns say what. */
export interface ToldRows {
  readonly from: string;
  readonly columns: Partial<Record<Column, string>>;
}

/**
 * The statement that writes events down, for repositories that tell of a change in the very statement that makes it
 * (`WITH changed AS (UPDATE … RETURNING …)`).
 *
 * @param parameter the number of the parameter that `eventsParameter` gives
 * @param rows makes one event for each of these rows
 */
export function insertEvents(parameter: number, rows?: ToldRows): string {
  const values = NAMES.map((name) => rows?.columns[name] ?? `event.${name}`);
  return `
    INSERT INTO audit_events (id, occurred_at, ${NAMES.join(', ')})
    SELECT ${ID}, date_trunc('milliseconds', at), ${values.join(', ')}
      FROM jsonb_to_recordset($${parameter}::jsonb) AS event(${DEFINITION})
     ${rows ? `CROSS JOIN ${rows.from}` : ''}
     CROSS JOIN clock_timestamp() AS at
     CROSS JOIN LATERAL (SELECT (extract(epoch FROM at) * 1000000)::bigint AS micros) AS clock`;
}

/** Entries as `insertEvents` takes them. */
export function eventsParameter(entries: readonly AuditEntry[]): string {
  return JSON.stringify(entries.map(toRow));
}

function toRow(entry: AuditEntry): Record<Column, unknown> {
  const { type, outcome = 'success', reason, userId = null, actor, deviceName, details } = entry;
  const actsOnOwn = actor?.userId !== undefined && actor.userId === userId;
  return {
    type,
    outcome,
    reason: reason ?? null,
    user_id: userId,
    actor_id: actor?.userId ?? null,
    session_id: (entry.sessionId === undefined && actsOnOwn ? actor.sessionId : entry.sessionId) ?? null,
    actor_session_id: actor?.sessionId ?? null,
    ip_address: actor?.client.ipAddress ?? null,
    user_agent: actor?.client.userAgent ?? null,
    device_name: deviceName ?? null,
    details: details ?? null,
  };
}
