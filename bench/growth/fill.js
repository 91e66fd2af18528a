// A database of a certain size, as years of use leave it.
import { fill as fillSessions, madeUpId } from '../guarded-request/sessions.js';

/** Whose account has as much history as a tenth of all sessions: the first user's. */
export const BUSY = `(SELECT id FROM users ORDER BY id LIMIT 1)`;

/** They are not more because users are. */
const ADMINS = 20;

/** What grows with use. */
export const GROWING = ['users', 'sessions', 'audit_events', 'mails', 'one_time_tokens', 'rate_limits'];

/**
 * Fills the tables: a tenth as many users, of claims twenty are admins and a twentieth is inactive; of the sessions a fifth is
 * revoked and a fifth expired; two events, and a tenth of a mail, a token and a window of a rate limit for each.
 *
 * @param {import('pg').Pool} pool @param {number} sessions
 */
export async function fill(pool, sessions) {
  const users = Math.floor(sessions / 10);
  await fillSessions(pool, sessions, users);
  await pool.query(
    `UPDATE users SET is_active = abs(hashtext(id::text)) % 20 > 0, created_at = now() - interval '1 year',
                      role = CASE WHEN id IN (SELECT id FROM users ORDER BY md5(id::text) LIMIT $1) THEN 'admin' ELSE 'user' END`,
    [ADMINS],
  );
  // In two steps, as it happens: a fifth of the rows leaves a dead one behind, like everywhere.
  await pool.query(
    `UPDATE sessions SET revoked_at = now(), revoked_reason = 'logout' WHERE abs(hashtext(id::text)) % 5 = 0`,
  );
  await pool.query(
    `UPDATE sessions SET idle_expires_at = now() - interval '1 day' WHERE abs(hashtext(id::text)) % 5 = 1`,
  );
  await pool.query(
    `INSERT INTO audit_events (id, occurred_at, type, outcome, user_id, actor_id, session_id, ip_address, user_agent)
     SELECT ${madeUpId('n', 'event')}, to_timestamp((1700000000000 + n) / 1000.0),
            CASE WHEN n % 1000 = 7 THEN 'password_changed'
                 ELSE (ARRAY['sign_in', 'session_revoked', 'user_updated', 'access_denied'])[1 + n % 4] END, 'success', owner, owner,
            ${madeUpId('(n / 2)', 'session')}, '10.0.0.0'::inet + n, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0'
       FROM generate_series(0, $1 * 2 - 1) AS n
      CROSS JOIN LATERAL (SELECT CASE WHEN n % 20 = 0 THEN ${madeUpId('0', 'user')}
                                      ELSE ${madeUpId('(n / 2 % $2)', 'user')} END AS owner) AS o`,
    [sessions, users],
  );
  await pool.query(
    `INSERT INTO mails (id, kind, recipient, next_attempt_at, sent_at)
     SELECT ${madeUpId('n', 'mail')}, 'new_device', 'person-' || n || '@example.com', NULL, now()
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(
    `INSERT INTO one_time_tokens (hash, purpose, user_id, expires_at)
     SELECT sha256(('token' || n)::bytea), (ARRAY['password_reset', 'email_verification', 'not_me'])[1 + n % 3],
            ${madeUpId('n', 'user')}, now() + interval '1 day'
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(
    `INSERT INTO rate_limits (key, points, expire)
     SELECT 'login-address:' || encode(sha256(n::text::bytea), 'base64'), 1, (extract(epoch FROM now()) * 1000)::bigint + 900000
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(`VACUUM ANALYZE ${GROWING.join(', ')}`);
}
