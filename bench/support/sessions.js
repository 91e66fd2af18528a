// Sessions in the database, and access tokens for them.
import { createHmac, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { register, signIn } from './accounts.js';

/** How many different sessions the requests of a benchmark use. */
export const TOKENS = 1_000;

/** Returns SQL for a version 7 UUID that depends only on a number and a salt. @param {string} n @param {string} salt */
export const uuidOf = (n, salt) =>
  `(lpad(to_hex(1700000000000 + ${n}), 12, '0') || '7' || substr(md5('${salt}' || ${n}), 1, 3) || '8' || substr(md5('${salt}' || ${n}), 4, 15))::uuid`;

/** One session in so many is an API key, and a fifth of these have scopes. */
const SESSIONS_PER_KEY = 5;

/**
 * Inserts sessions, ten for each user: sign-ins with one or two factors, some with a step-up, and API keys.
 *
 * @param {import('pg').Pool} pool @param {number} sessions
 */
export async function insertSessions(pool, sessions) {
  console.log(`Inserting ${sessions.toLocaleString('en')} sessions …`);
  const users = Math.floor(sessions / 10);
  await pool.query(
    `INSERT INTO users (id, email, password_hash, name, email_verified_at)
     SELECT ${uuidOf('n', 'user')}, 'person-' || n || '@example.com', '$2b$12$' || repeat('x', 53), 'Person ' || n, now()
       FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(
    `INSERT INTO sessions (id, user_id, kind, scopes, authentications, refresh_salt, user_agent, device_name, ip_address,
                           idle_expires_at, expires_at)
     SELECT ${uuidOf('n', 'session')}, ${uuidOf('(n % $2)', 'user')},
            CASE WHEN n % $3 = 0 THEN 'key' ELSE 'sign_in' END,
            CASE WHEN n % ($3 * 5) = 0 THEN ARRAY['orders:read', 'orders:write'] END,
            CASE WHEN n % $3 = 0 THEN '{}'
                 WHEN n % $3 = 1 THEN jsonb_build_object('pwd', 1700000000 + n, 'otp', 1700000900 + n)
                 ELSE jsonb_build_object('pwd', 1700000000 + n) END,
            sha256(n::text::bytea),
            'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36', 'Chrome on Linux',
            '10.0.0.0'::inet + n, now() + CASE WHEN n % $3 = 0 THEN interval '90 days' ELSE interval '30 days' END,
            now() + interval '90 days'
       FROM generate_series(0, $1 - 1) AS n`,
    [sessions, users, SESSIONS_PER_KEY],
  );
  await pool.query('VACUUM ANALYZE users, sessions');
}

/**
 * Returns random active sign-ins, each with an access token. Copies a token that Gatehouse issued and replaces the IDs,
 * so that the benchmarks do not depend on the code that issues tokens.
 *
 * @param {import('pg').Pool} pool @param {string} url of a Gatehouse process @param {number} count
 * @returns {Promise<{ userId: string, sessionId: string, token: string }[]>}
 */
export async function selectSessions(pool, url, count) {
  const [email = ''] = await register(url, 1, 'token');
  const [header, payload = ''] = (await signIn(url, email)).accessToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const { rows } = await pool.query(
    `SELECT s.id AS "sessionId", user_id AS "userId" FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE u.is_active AND s.kind = 'sign_in' AND s.revoked_at IS NULL AND s.idle_expires_at > now() ORDER BY random() LIMIT $1`,
    [count],
  );
  return rows.map(({ userId, sessionId }) => {
    const changed = { ...claims, sub: userId, sid: sessionId, jti: randomUUID() };
    const text = `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}`;
    const signature = createHmac('sha256', process.env['JWT_SECRET'] ?? '').update(text);
    return { userId, sessionId, token: `${text}.${signature.digest('base64url')}` };
  });
}

/** Writes values of a header to a file for wrk. @param {string} file @param {readonly string[]} values */
export function writeHeaders(file, values) {
  return writeFile(file, values.map((value) => `${value}\n`).join(''), { mode: 0o600 });
}

/** Writes an `Authorization` header of each of many sessions to a file. @param {import('pg').Pool} pool @param {string} url of a Gatehouse process @param {string} file */
export async function writeTokens(pool, url, file) {
  const sessions = await selectSessions(pool, url, TOKENS);
  await writeHeaders(
    file,
    sessions.map(({ token }) => `Bearer ${token}`),
  );
}
