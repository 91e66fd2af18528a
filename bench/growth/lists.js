// Every list, with each of its filters: its first page, and one far behind.
import { BUSY } from './fill.js';

/** Which page is far behind, where there are as many. */
export const FAR = 10_000;
/** As few to a page as make 10,000 pages of a tenth of a million rows. */
export const LIMIT = 10;

/**
 * @typedef {object} List
 * @property {string} name
 * @property {string} path
 * @property {string} table
 * @property {string} where its rows, in SQL
 * @property {boolean} [isBusy] whether the busy user asks; an admin by default
 */

/** @param {string} path @param {string} table @param {string} [where] @returns {List} */
const list = (path, table, where = 'true') => ({ name: `GET ${path}`, path, table, where });

/** @param {{ busy: string, usual: string, day: string }} given two users, and a time in the middle @returns {readonly List[]} */
export function lists({ busy, usual, day }) {
  return [
    list('/admin/users', 'users'),
    list('/admin/users?role=user', 'users', `role = 'user'`),
    list('/admin/users?role=admin', 'users', `role = 'admin'`),
    list('/admin/users?isActive=true', 'users', 'is_active'),
    list('/admin/users?isActive=false', 'users', 'NOT is_active'),
    list('/admin/users?search=person', 'users', `email ILIKE '%person%'`),
    list('/admin/users?search=person-77%40', 'users', `email ILIKE '%person-77@%'`),
    list('/admin/sessions', 'sessions'),
    list('/admin/sessions?isActive=true', 'sessions', 'revoked_at IS NULL AND idle_expires_at > now()'),
    list('/admin/sessions?isActive=false', 'sessions', 'NOT (revoked_at IS NULL AND idle_expires_at > now())'),
    list(`/admin/sessions?userId=${busy}`, 'sessions', `user_id = ${BUSY}`),
    list('/admin/audit', 'audit_events'),
    list(`/admin/audit?userId=${busy}`, 'audit_events', `user_id = ${BUSY}`),
    list(`/admin/audit?actorId=${busy}`, 'audit_events', `actor_id = ${BUSY}`),
    list(`/admin/audit?userId=${usual}`, 'audit_events', `user_id = '${usual}'`),
    list(`/admin/audit?actorId=${usual}`, 'audit_events', `actor_id = '${usual}'`),
    list('/admin/audit?type=password_changed', 'audit_events', `type = 'password_changed'`),
    list('/admin/audit?type=sign_in', 'audit_events', `type = 'sign_in'`),
    list(`/admin/audit?to=${day}`, 'audit_events', `occurred_at < '${day}'`),
    { ...list('/users/me/activity', 'audit_events', `user_id = ${BUSY}`), isBusy: true },
  ];
}

/**
 * The path of a page, and its number: as far behind as `FAR`, or the last.
 *
 * @param {import('pg').Pool} pool @param {List} list
 */
export async function farPage(pool, { path, table, where }) {
  const { rows } = await pool.query(
    `SELECT id, n::int FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM ${table} WHERE ${where}) AS numbered
      WHERE n <= $1 AND n % $2 = 0 ORDER BY n DESC LIMIT 1`,
    [(FAR - 1) * LIMIT, LIMIT],
  );
  const { id, n } = rows[0] ?? {};
  if (!id) return { page: 1, path: pageOf(path) };
  return { page: n / LIMIT + 1, path: `${pageOf(path)}&cursor=${cursorOf(id)}` };
}

/** @param {string} path */
export const pageOf = (path) => `${path}${path.includes('?') ? '&' : '?'}limit=${LIMIT}`;

/** As the API writes them. @param {string} id */
const cursorOf = (id) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
