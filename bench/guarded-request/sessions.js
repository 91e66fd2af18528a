// The sessions that are asked for, and what says so in a request.
import { createHmac } from 'node:crypto';
import { accessTokens } from '../support/access-tokens.js';

/**
 * @typedef {import('../support/access-tokens.js').Ids} Ids
 * @typedef {Ids & { Authorization: string, Cookie: string }} Asker a session, and its header for each kind of contender
 */

/** A made-up UUID of version 7, the same for the same number. The salt keeps kinds apart. @param {string} n @param {string} salt */
export const madeUpId = (n, salt) =>
  `(lpad(to_hex(1700000000000 + ${n}), 12, '0') || '7' || substr(md5('${salt}' || ${n}), 1, 3) || '8' || substr(md5('${salt}' || ${n}), 4, 15))::uuid`;

/**
 * Fills the tables: each user has as many sessions, made one after another.
 *
 * @param {import('pg').Pool} pool @param {number} sessions @param {number} users
 */
export async function fill(pool, sessions, users) {
  await pool.query(
    `INSERT INTO users (id, email, password_hash, name, email_verified_at)
     SELECT ${madeUpId('n', 'user')}, 'person-' || n || '@example.com', '$2b$12$' || repeat('x', 53), 'Person ' || n, now()
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, user_agent, device_name, ip_address, idle_expires_at, expires_at)
     SELECT ${madeUpId('n', 'session')}, ${madeUpId('(n % $2)', 'user')}, sha256(n::text::bytea),
            'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36', 'Chrome on Linux',
            '10.0.0.0'::inet + n, now() + interval '30 days', now() + interval '90 days'
       FROM generate_series(0, $1 - 1) AS n`,
    [sessions, users],
  );
  await pool.query('VACUUM ANALYZE users, sessions');
}

/**
 * Draws live sessions.
 *
 * @param {import('pg').Pool} pool @param {number} count
 * @returns {Promise<Ids[]>}
 */
export async function draw(pool, count) {
  const { rows } = await pool.query(
    'SELECT id AS "sessionId", user_id AS "userId" FROM sessions ORDER BY random() LIMIT $1',
    [count],
  );
  return rows;
}

/**
 * What their clients hold, signed with this secret.
 *
 * @param {readonly Ids[]} sessions @param {string} secret
 * @returns {Promise<Asker[]>}
 */
export async function askersOf(sessions, secret) {
  // As long as a token may live, which is longer than any run.
  const { tokens } = await accessTokens({ JWT_SECRET: secret, ACCESS_TOKEN_TTL: '1d' });
  return Promise.all(
    sessions.map(async (ids) => ({
      ...ids,
      Authorization: `Bearer ${(await tokens.issue(ids)).accessToken}`,
      Cookie: signedCookie(ids.sessionId.replaceAll('-', ''), secret),
    })),
  );
}

/**
 * Somebody whose signature is another one's: all the rest is as it should be.
 *
 * @param {Asker} asker @param {Asker} other
 * @returns {Asker}
 */
export function forge(asker, other) {
  const swap = (/** @type {'Authorization' | 'Cookie'} */ header) =>
    asker[header].slice(0, asker[header].lastIndexOf('.')) + other[header].slice(other[header].lastIndexOf('.'));
  return { ...asker, Authorization: swap('Authorization'), Cookie: swap('Cookie') };
}

/** As better-auth signs its cookies. @param {string} token @param {string} secret */
function signedCookie(token, secret) {
  const signature = createHmac('sha256', secret).update(token).digest('base64');
  return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
}
