import type { TestDatabase } from './test-database.js';

/** A row of the audit table without its ID and time. */
export interface AuditRow {
  readonly type: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly user_id: string | null;
  readonly actor_id: string | null;
  readonly session_id: string | null;
  readonly actor_session_id: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly device_name: string | null;
  readonly details: unknown;
}

/** Returns all audit events, oldest first. */
export function auditRows(database: TestDatabase): Promise<AuditRow[]> {
  return database.query<AuditRow>(
    `SELECT type, outcome, reason, user_id, actor_id, session_id, actor_session_id, host(ip_address) AS ip_address,
            user_agent, device_name, details
       FROM audit_events ORDER BY id`,
  );
}

/** Returns the row of a successful event in which all other fields are null, except for the given ones. */
export function expectedRow(type: string, facts: Partial<AuditRow>): AuditRow {
  return {
    type,
    outcome: 'success',
    reason: null,
    user_id: null,
    actor_id: null,
    session_id: null,
    actor_session_id: null,
    ip_address: null,
    user_agent: null,
    device_name: null,
    details: null,
    ...facts,
  };
}
