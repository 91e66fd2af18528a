// The servers that are compared: how to start each one, what to request and which response is right.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execute } from '../../scripts/postgres-client.js';
import { runNode } from '../../scripts/run.js';
import { createIntrospectionKey } from '../support/accounts.js';
import { gatehouse, MAIN, withGatehouse } from '../support/server.js';
import { PYTHON } from './packages.js';

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} path
 * @property {'Authorization' | 'Cookie'} header that carries the credentials
 * @property {string} [process] the contender whose process responds, itself by default
 * @property {() => string} [introspector] returns the credentials of a service that introspects the callers' tokens
 * @property {boolean} [isPublic] whether it responds without credentials
 * @property {'npm' | 'python'} [needs] packages that Gatehouse does not have
 * @property {number} [leastRatio] how many times as fast Gatehouse has to be
 * @property {number} [mostRatio] how many times as fast Gatehouse may be
 * @property {(databaseUrl: string, signal: AbortSignal) => Promise<void>} [prepare]
 * @property {(port: number) => import('../support/server.js').Start} start
 * @property {(body: any) => unknown} userOf returns the user's ID from a response
 * @property {string} revoke SQL that revokes the session $1
 */

/** @type {Pick<Contender, 'header' | 'userOf' | 'revoke'>} */
const BEARER = {
  header: 'Authorization',
  userOf: (body) => body.id,
  revoke: `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE id = $1`,
};
const ENV = { DB_POOL_MAX: '10' };

let introspectionKey = '';

/** @type {readonly Contender[]} */
export const CONTENDERS = [
  {
    ...BEARER,
    name: 'gatehouse',
    path: '/users/me',
    start: () => gatehouse(ENV),
  },
  // The same process without a check.
  {
    ...BEARER,
    name: 'health-live',
    path: '/health/live',
    process: 'gatehouse',
    isPublic: true,
    leastRatio: 0.5,
    start: () => gatehouse(ENV),
  },
  // Another service asks whether the token may be used (RFC 7662).
  {
    ...BEARER,
    name: 'introspection',
    path: '/auth/introspect',
    process: 'gatehouse',
    leastRatio: 0.5,
    introspector: () => `Bearer ${introspectionKey}`,
    prepare: async (databaseUrl, signal) => {
      introspectionKey = await withGatehouse({ DATABASE_URL: databaseUrl }, signal, ({ url }) =>
        createIntrospectionKey(url, databaseUrl),
      );
    },
    start: () => gatehouse(ENV),
    userOf: (body) => body.sub,
  },
  // passport-jwt with the secret as text, and TypeORM's `findOne`.
  {
    ...BEARER,
    name: 'nest-usual',
    path: '/users/me',
    leastRatio: 15,
    prepare: (_, signal) => node(['node_modules/typescript/bin/tsc', '-p', 'bench/contenders/nest-usual'], signal),
    start: () => ({ args: ['.data/bench/nest-usual/main.js'] }),
  },
  // Node's `http` with one query per request.
  {
    ...BEARER,
    name: 'bare-node-prepared',
    path: '/me',
    leastRatio: 1.2,
    start: () => ({ args: ['bench/contenders/bare-node.js', 'prepared'] }),
  },
  // Node's `http` with one query for all waiting requests.
  {
    ...BEARER,
    name: 'bare-node-gathered',
    path: '/me',
    start: () => ({ args: ['bench/contenders/bare-node.js', 'gathered'] }),
  },
  // Without the cookie cache.
  {
    name: 'better-auth',
    path: '/api/auth/get-session',
    header: 'Cookie',
    needs: 'npm',
    leastRatio: 15,
    prepare: async (databaseUrl, signal) => {
      await execute(databaseUrl, 'CREATE SCHEMA better_auth');
      await node(['bench/contenders/better-auth.js', 'migrate'], signal);
      await execute(
        databaseUrl,
        `INSERT INTO better_auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
         SELECT id, coalesce(name, ''), email, true, created_at, updated_at FROM public.users`,
        `INSERT INTO better_auth.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
         SELECT id, user_id, replace(id::text, '-', ''), now() + interval '7 days', now(), now(), host(ip_address), user_agent
           FROM public.sessions`,
        'ANALYZE better_auth."user", better_auth.session',
      );
    },
    start: () => ({ args: ['bench/contenders/better-auth.js'] }),
    userOf: (body) => body?.user.id,
    revoke: 'DELETE FROM better_auth.session WHERE id = $1::text',
  },
  // SQLAlchemy, asyncpg and PyJWT, on uvicorn with uvloop and httptools.
  {
    ...BEARER,
    name: 'fastapi',
    path: '/me',
    needs: 'python',
    leastRatio: 12,
    prepare: (databaseUrl) =>
      execute(
        databaseUrl,
        'CREATE SCHEMA peer',
        'CREATE VIEW peer.users AS SELECT id, email, role, is_active FROM public.users',
        `CREATE VIEW peer.sessions AS
         SELECT id, user_id, revoked_at IS NULL AS is_active, expires_at FROM public.sessions`,
      ),
    start: (port) => ({
      command: PYTHON,
      args: [
        ['-m', 'uvicorn', '--app-dir', 'bench/contenders', 'fastapi_app:app', '--port', String(port)],
        ['--no-access-log', '--log-level', 'warning', '--loop', 'uvloop', '--http', 'httptools'],
      ].flat(),
      env: {
        DATABASE_URL: (process.env['DATABASE_URL'] ?? '').replace('postgresql:', 'postgresql+asyncpg:'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    }),
  },
];

/** The same build with metrics, which may cost little. The limit leaves room for the noise of a run. */
export const METRICS = /** @satisfies {Contender} */ ({
  ...BEARER,
  name: 'gatehouse-metrics',
  path: '/users/me',
  mostRatio: 1.1,
  start: () => gatehouse({ ...ENV, METRICS_PORT: '0' }),
});

/**
 * Returns another build of Gatehouse as a contender. It has to accept this build's database.
 *
 * @param {string} folder
 * @returns {Contender}
 */
export function otherBuild(folder) {
  const path = resolve(folder);
  if (!existsSync(join(path, MAIN))) {
    throw new Error(`No build found in ${folder}. Run "npm ci && npm run build" there.`);
  }
  return {
    ...BEARER,
    name: 'against',
    path: '/users/me',
    start: () => gatehouse(ENV, path),
  };
}

/** Runs a Node.js program. Throws if it fails. @param {readonly string[]} args @param {AbortSignal} signal */
async function node(args, signal) {
  if ((await runNode(args, { signal })) !== 0) throw new Error(`Failed: node ${args.join(' ')}`);
}
