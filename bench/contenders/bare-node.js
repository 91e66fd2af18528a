// The least that a guarded request costs in Node.js: no framework, a token verified by hand, one prepared statement.
//   node bare-node.js prepared   queries once per request
//   node bare-node.js gathered   queries once for all requests that are waiting
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';

const { PORT, DATABASE_URL, JWT_SECRET = '', JWT_ISSUER, JWT_AUDIENCE } = process.env;
const SELECT = `
  SELECT s.id AS session_id, u.id, u.email, u.name, u.role, u.is_active, u.email_verified_at, u.created_at, u.updated_at,
         s.revoked_at IS NULL AND s.idle_expires_at > now() AND s.expires_at > now() AND u.is_active AS is_usable
    FROM sessions s JOIN users u ON u.id = s.user_id`;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const find = process.argv[2] === 'gathered' ? gathered() : prepared;
let acceptedHeader = '';

/** @param {string} id @returns {Promise<any>} */
async function prepared(id) {
  const { rows } = await pool.query({ name: 'one', text: `${SELECT} WHERE s.id = $1`, values: [id] });
  return rows[0];
}

/** Runs one query at a time. Requests that arrive meanwhile share the next one. */
function gathered() {
  const text = `${SELECT} WHERE s.id = ANY($1::uuid[])`;
  /** @type {{ id: string, resolve: (row: any) => void, reject: (error: unknown) => void }[]} */
  let waiting = [];
  let isRunning = false;
  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const ids = [...new Set(batch.map(({ id }) => id))];
        const { rows } = await pool.query({ name: 'many', text, values: [ids] });
        const found = new Map(rows.map((row) => [row.session_id, row]));
        for (const { id, resolve } of batch) resolve(found.get(id));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isRunning = false;
  };
  return (/** @type {string} */ id) =>
    new Promise((resolve, reject) => {
      waiting.push({ id, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      setImmediate(run);
    });
}

/** Returns the claims, or null for an invalid token. @param {string} [authorization] */
function verify(authorization) {
  if (!authorization?.startsWith('Bearer ')) return null;
  const token = authorization.slice(7);
  const [header = '', payload = '', signature = ''] = token.split('.');
  // All tokens of one key have the same header.
  if (header !== acceptedHeader) {
    if (decoded(header).alg !== 'HS256') return null;
    acceptedHeader = header;
  }
  const expected = createHmac('sha256', JWT_SECRET)
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const claims = decoded(payload);
  const isValid = claims.iss === JWT_ISSUER && claims.aud === JWT_AUDIENCE && claims.exp > Date.now() / 1_000;
  return isValid ? claims : null;
}

/** @param {string} part */
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

/** @param {any} row */
function toJson(row) {
  return JSON.stringify({
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    isActive: row.is_active,
    emailVerifiedAt: row.email_verified_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
}

createServer(async (request, response) => {
  try {
    const claims = verify(request.headers.authorization);
    const row = claims && (await find(claims.sid));
    if (!row?.is_usable || row.id !== claims.sub) {
      response.writeHead(401).end();
      return;
    }
    const body = toJson(row);
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
    response.writeHead(200, headers).end(body);
  } catch {
    response.writeHead(500).end();
  }
}).listen(Number(PORT), '127.0.0.1');
