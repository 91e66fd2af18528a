// The lists with their filters.

const FAR_PAGE = 10_000;
const PAGE_SIZE = 10;

/**
 * @typedef {object} List
 * @property {string} path
 * @property {string} table
 * @property {string} where an SQL condition for its rows
 */

/** @param {string} userId of a user with many audit events @returns {readonly List[]} */
export function lists(userId) {
  const list = (/** @type {string} */ path, /** @type {string} */ table, where = 'true') => ({ path, table, where });
  return [
    list('/admin/users', 'users'),
    list('/admin/users?role=admin', 'users', `role = 'admin'`),
    list('/admin/users?isActive=true', 'users', 'is_active'),
    list('/admin/users?isActive=false', 'users', 'NOT is_active'),
    list('/admin/users?search=person', 'users', `email ILIKE '%person%'`),
    list('/admin/users?search=person-77%40', 'users', `email ILIKE '%person-77@%'`),
    list('/admin/sessions', 'sessions'),
    list('/admin/sessions?isActive=true', 'sessions', 'revoked_at IS NULL AND idle_expires_at > now()'),
    list('/admin/sessions?isActive=false', 'sessions', 'NOT (revoked_at IS NULL AND idle_expires_at > now())'),
    list(`/admin/sessions?userId=${userId}`, 'sessions', `user_id = '${userId}'`),
    list('/admin/audit', 'audit_events'),
    list(`/admin/audit?userId=${userId}`, 'audit_events', `user_id = '${userId}'`),
    list(`/admin/audit?actorId=${userId}`, 'audit_events', `actor_id = '${userId}'`),
    list('/admin/audit?type=password_changed', 'audit_events', `type = 'password_changed'`),
    list('/admin/audit?type=sign_in', 'audit_events', `type = 'sign_in'`),
    list('/users/me/activity', 'audit_events', `user_id = '${userId}'`),
  ];
}

/**
 * Returns the paths of the first page and of page 10,000, or the last one if there are fewer.
 *
 * @param {import('pg').Pool} pool @param {List} list
 * @returns {Promise<[first: string, far: string, numberOfFar: number]>}
 */
export async function pagesOf(pool, { path, table, where }) {
  const { rows } = await pool.query(
    `SELECT id, n::int FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM ${table} WHERE ${where}) AS numbered
      WHERE n <= $1 AND n % $2 = 0 ORDER BY n DESC LIMIT 1`,
    [(FAR_PAGE - 1) * PAGE_SIZE, PAGE_SIZE],
  );
  const first = `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE_SIZE}`;
  if (!rows[0]) return [first, first, 1];
  // The API's cursors are IDs in base64url.
  const cursor = Buffer.from(rows[0].id.replaceAll('-', ''), 'hex').toString('base64url');
  return [first, `${first}&cursor=${cursor}`, rows[0].n / PAGE_SIZE + 1];
}
