// The world of the requests of all routes, on a large database.
import { createHash, randomBytes } from 'node:crypto';
import { stringify } from 'node:querystring';
import { PASSWORD } from '../support/accounts.js';

/** How many people are drawn at once. */
const DRAWN = 200;
const USER_AGENT = 'Usual/1.0';

/** @implements {World} */
export class GrownWorld {
  /** @type {{ id: string, email: string }[]} */
  people = [];

  /** @param {string} url of the application @param {import('pg').Pool} pool past the application @param {string} hash of `PASSWORD` */
  constructor(url, pool, hash) {
    this.url = url;
    this.pool = pool;
    this.hash = hash;
  }

  /** @type {World['signedIn']} */
  async signedIn(role = 'user') {
    const person = await this.person();
    await this.pool.query(
      `UPDATE users SET password_hash = $2, role = $3, is_active = true, email_verified_at = NULL WHERE id = $1`,
      [person.id, this.hash, role],
    );
    const json = { email: person.email, password: PASSWORD };
    const session = await this.send({ method: 'post', path: '/auth/login', json });
    return { .../** @type {import('../routes/calls.js').Person} */ (session), ...person };
  }

  /** @type {World['token']} */
  async token(purpose, { id }) {
    const token = randomBytes(32);
    await this.pool.query(
      `INSERT INTO one_time_tokens (hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')`,
      [createHash('sha256').update(token).digest(), purpose, id],
    );
    return token.toString('base64url');
  }

  /** @type {World['send']} */
  async send({ method, path, accessToken, json, form, userAgent = USER_AGENT, isRefused = false }) {
    const response = await fetch(new URL(path, this.url), {
      method: method.toUpperCase(),
      headers: {
        'User-Agent': userAgent,
        ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
        ...(json && { 'Content-Type': 'application/json' }),
        ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      },
      ...(json && { body: JSON.stringify(json) }),
      ...(form && { body: stringify(form) }),
    });
    const text = await response.text();
    const isRight = isRefused ? response.status === 401 : response.ok;
    if (!isRight) throw new Error(`${method.toUpperCase()} ${path} was answered ${response.status}: ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  }

  /** Somebody who was not asked for yet; never the busy one. */
  async person() {
    if (this.people.length === 0) {
      const { rows } = await this.pool.query(
        'SELECT id, email FROM users WHERE id > (SELECT min(id::text)::uuid FROM users) ORDER BY random() LIMIT $1',
        [DRAWN],
      );
      this.people = rows;
    }
    return /** @type {{ id: string, email: string }} */ (this.people.pop());
  }
}

/** @typedef {import('../routes/calls.js').World} World */
