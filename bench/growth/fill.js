import { insertSessions, uuidOf } from '../support/sessions.js';

/**
 * Fills a database like years of use do. There are ten sessions for each user: a fifth is revoked, another fifth is
 * expired. 20 users are admins, and a twentieth is inactive. Each session has two audit events, but every tenth of them
 * belongs to the first user. Each user has a mail, a one-time token and a rate limit.
 *
 * @param {import('pg').Pool} pool @param {number} sessions
 */
export async function fill(pool, sessions) {
  const users = Math.floor(sessions / 10);
  await insertSessions(pool, sessions);
  await pool.query(
    `UPDATE users SET is_active = abs(hashtext(id::text)) % 20 > 0, created_at = now() - interval '1 year',
                      role = CASE WHEN id IN (SELECT id FROM users ORDER BY md5(id::text) LIMIT 20) THEN 'admin' ELSE 'user' END`,
  );
  // Two of the ten sessions of each user, spread over the table. A session's IP address has its number.
  const n = `(ip_address - '10.0.0.0'::inet)`;
  const revoked = `revoked_at = now(), revoked_reason = 'logout' WHERE (${n} / $1 + ${n}) % 5 = 0`;
  const expired = `idle_expires_at = now() - interval '1 day' WHERE (${n} / $1 + ${n}) % 5 = 1`;
  for (const change of [revoked, expired]) await pool.query(`UPDATE sessions SET ${change}`, [users]);
  await pool.query(
    `INSERT INTO audit_events (id, occurred_at, type, outcome, user_id, actor_id, session_id, ip_address, user_agent)
     SELECT ${uuidOf('n', 'event')}, to_timestamp((1700000000000 + n) / 1000.0),
            CASE WHEN n % 1000 = 7 THEN 'password_changed'
                 ELSE (ARRAY['sign_in', 'session_revoked', 'user_updated', 'access_denied'])[1 + n % 4] END,
            'success', owner, owner, ${uuidOf('(n / 2)', 'session')}, '10.0.0.0'::inet + n, 'Mozilla/5.0 Chrome/140.0'
       FROM generate_series(0, $1 * 2 - 1) AS n
      CROSS JOIN LATERAL (SELECT CASE WHEN n % 10 = 0 THEN ${uuidOf('0', 'user')}
                                      ELSE ${uuidOf('(n / 2 % $2)', 'user')} END AS owner) AS o`,
    [sessions, users],
  );
  await pool.query(
    `WITH mails AS (
       INSERT INTO mails (id, kind, recipient, next_attempt_at, sent_at)
       SELECT ${uuidOf('n', 'mail')}, 'new_device', 'person-' || n || '@example.com', NULL, now()
         FROM generate_series(0, $1 - 1) AS n),
     tokens AS (
       INSERT INTO one_time_tokens (hash, purpose, user_id, expires_at)
       SELECT sha256(('token' || n)::bytea), (ARRAY['password_reset', 'email_verification', 'not_me'])[1 + n % 3],
              ${uuidOf('n', 'user')}, now() + interval '1 day'
         FROM generate_series(0, $1 - 1) AS n)
     INSERT INTO rate_limits (key, points, expire)
     SELECT 'login-address:' || encode(sha256(n::text::bytea), 'base64'), 1, (extract(epoch FROM now()) * 1000)::bigint + 900000
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query('VACUUM ANALYZE');
}
