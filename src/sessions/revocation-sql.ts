import { insertEvents } from '../platform/audit/audit-sql.js';
import type { RevocationFilter } from './session-filter.js';

/** Whether the session `s` matches the filter in the first seven parameters. */
const MATCHES = `s.revoked_at IS NULL
              AND ($1::uuid[] IS NULL OR s.id = ANY ($1))
              AND ($2::uuid IS NULL OR s.user_id = $2)
              AND ($3::uuid IS NULL OR s.id <> $3)
              AND ($4::inet IS NULL OR s.ip_address = $4)
              AND ($5::timestamptz IS NULL OR s.created_at < $5)
              AND (NOT $6::boolean OR s.idle_expires_at > now() AND s.expires_at > now())
              AND ($7::text IS NULL OR s.kind = $7)`;

/** Returns the first seven parameters of the statements below. */
export function filterParameters({ id, ids, ...filter }: RevocationFilter): unknown[] {
  return [
    ids ?? (id === undefined ? null : [id]),
    filter.userId ?? null,
    filter.exceptId ?? null,
    filter.ipAddress ?? null,
    filter.createdBefore ?? null,
    filter.isActive ?? false,
    filter.kind ?? null,
  ];
}

/** Locks the users of the matching sessions in ID order. */
export const LOCK_USERS = `
  SELECT count(*) FROM (
    SELECT FROM users u WHERE u.id IN (SELECT s.user_id FROM sessions s WHERE ${MATCHES}) ORDER BY u.id FOR SHARE) AS locked`;

const SESSION_EVENTS = insertEvents(10, {
  from: 'revoked',
  columns: {
    user_id: 'revoked.user_id',
    session_id: 'revoked.id',
    reason: 'revoked.revoked_reason',
    details: `jsonb_build_object('device', coalesce(revoked.device_name, revoked.user_agent))`,
  },
});

/** Reads `recorded`, so that the summary follows the events of the sessions. */
const SUMMARY = insertEvents(11, {
  from: '(SELECT count(*) FROM recorded) AS total',
  columns: { details: `event.details || jsonb_build_object('revoked', total.count)` },
});

/**
 * Returns the statement that revokes the matching sessions and records an audit event for each. The further parameters
 * are the reason, the ID of the actor, the event, and the summary, if there is one.
 *
 * @param locksUsers whether to lock each user before their sessions, which is not necessary for sessions by ID
 * @param effects further statements, which can read the sessions from `revoked`
 */
export function revokeSql(locksUsers: boolean, hasSummary: boolean, effects: readonly string[]): string {
  return `
    WITH matching AS (
      SELECT s.user_id, s.id FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE ${MATCHES}
       ORDER BY s.user_id, s.id
         ${locksUsers ? 'FOR SHARE OF u' : ''} FOR NO KEY UPDATE OF s),
    revoked AS (
      UPDATE sessions s
         SET revoked_at = now(), revoked_by = $9,
             revoked_reason = CASE WHEN s.kind = 'key' AND $8::text LIKE 'logout%' THEN 'key_revoked' ELSE $8 END
        FROM matching m WHERE s.user_id = m.user_id AND s.id = m.id AND s.revoked_at IS NULL
      RETURNING s.*),
    ${effects.map((effect, index) => `effect_${index} AS (${effect}),\n`).join('')}
    recorded AS (${SESSION_EVENTS} RETURNING id)${hasSummary ? `,\n    summarized AS (${SUMMARY})` : ''}
    SELECT revoked_reason AS reason, count(*)::int AS count FROM revoked GROUP BY revoked_reason`;
}
