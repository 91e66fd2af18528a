import { createHash, randomBytes } from 'node:crypto';
import { URLSearchParams } from 'node:url';
import { PASSWORD, register } from '../support/accounts.js';

/** @typedef {import('../routes/calls.js').World} World @typedef {import('../routes/calls.js').Request} Request */

/** Sends requests as users of a filled database. @implements {World} */
export class GrowthWorld {
  /** Creates a world of random users after the first one. @param {string} url of the application @param {import('pg').Pool} pool */
  static async create(url, pool) {
    await pool.query('CREATE EXTENSION pg_stat_statements');
    const [email] = await register(url, 1);
    const { rows: registered } = await pool.query('SELECT password_hash FROM users WHERE email = $1', [email]);
    const { rows: people } = await pool.query(
      `SELECT id, email FROM users ORDER BY id <> (SELECT id FROM users ORDER BY id LIMIT 1), md5(id::text) LIMIT 400`,
    );
    return new GrowthWorld(url, pool, registered[0].password_hash, people);
  }

  /** @param {string} url @param {import('pg').Pool} pool @param {string} hash of `PASSWORD` @param {{ id: string, email: string }[]} people */
  constructor(url, pool, hash, people) {
    this.url = url;
    this.pool = pool;
    this.hash = hash;
    this.people = people;
  }

  /** The default origin of passkeys. */
  get origin() {
    return `http://localhost:${new URL(this.url).port}`;
  }

  /** @type {World['signedIn']} */
  async signedIn(role = 'user') {
    const person = /** @type {{ id: string, email: string }} */ (this.people.shift());
    await this.pool.query(
      `UPDATE users SET password_hash = $2, role = $3, is_active = true, email_verified_at = NULL WHERE id = $1`,
      [person.id, this.hash, role],
    );
    const json = { email: person.email, password: PASSWORD };
    const session = await this.send({ method: 'post', path: '/auth/login', json });
    return { .../** @type {import('../routes/calls.js').Person} */ (session), ...person };
  }

  /** @type {World['token']} */
  async token(purpose, { id }, email) {
    const token = randomBytes(32);
    await this.pool.query(
      `INSERT INTO one_time_tokens (hash, purpose, user_id, email, expires_at)
       VALUES ($1, $2, $3, $4, now() + interval '1 day')`,
      [createHash('sha256').update(token).digest(), purpose, id, email ?? null],
    );
    return token.toString('base64url');
  }

  /** @type {World['send']} */
  async send({ method, path, accessToken, cookie, json, form, userAgent = 'Usual/1.0' }, status) {
    const body = form ? new URLSearchParams(form) : json && JSON.stringify(json);
    const headers = {
      'User-Agent': userAgent,
      ...(json && { 'Content-Type': 'application/json' }),
      ...(cookie && { Cookie: `__Secure-refresh=${cookie}`, Origin: this.origin }),
      ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
    };
    const response = await fetch(this.url + path, { method: method.toUpperCase(), headers, body: body ?? null });
    const text = await response.text();
    const isExpected = status === undefined ? response.ok : response.status === status;
    if (!isExpected) throw new Error(`${method} ${path} returned ${response.status}: ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  }

  /** Sends a request and returns how many pages PostgreSQL read for it. @param {Request} request @returns {Promise<number>} */
  async pagesOf(request) {
    await this.pool.query('SELECT pg_stat_statements_reset()');
    await this.send(request);
    const { rows } = await this.pool.query(
      `SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::int AS pages FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND query NOT LIKE '%pg_stat_statements%'`,
    );
    return rows[0].pages;
  }
}
