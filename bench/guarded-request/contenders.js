// Who is measured: how each is started, asked, and known to be right. DATABASE_URL and what the tokens are made with
// stand in the environment, which every process inherits.
import { readFile } from 'node:fs/promises';
import { execute } from '../../scripts/postgres-client.js';
import { runNode } from '../../scripts/run.js';
import { applicationServer } from '../support/application.js';
import { PYTHON } from './python.js';

/**
 * @typedef {import('../support/server.js').ServerOptions} ServerOptions
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} what it is, for the reader of the report
 * @property {string} path what is asked for
 * @property {'Authorization' | 'Cookie'} header what says who asks
 * @property {string} [of] the contender whose process answers; its own by default
 * @property {boolean} [isPublic] whether it answers anybody
 * @property {'npm' | 'python'} [needs] packages that the product does not have
 * @property {(databaseUrl: string, signal: AbortSignal) => Promise<void>} [prepare] what must be there before it starts
 * @property {(port: number) => Pick<ServerOptions, 'args'> & Partial<ServerOptions>} start
 * @property {(body: any) => unknown} userOf the id of the user in an answer
 * @property {string} revoke SQL that ends the session $1
 */

const TSC = 'node_modules/typescript/bin/tsc';
const BEARER = {
  header: /** @type {const} */ ('Authorization'),
  userOf: (/** @type {any} */ body) => body.id,
  revoke: `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE id = $1`,
};

/** @type {Pick<Contender, 'start'>} */
const GATEHOUSE = {
  start: (port) => applicationServer({ DB_POOL_MAX: '10', LOG_LEVEL: 'warn', PRUNE_INTERVAL: '0s' }, port),
};

/** @type {readonly Contender[]} */
export const CONTENDERS = [
  {
    ...BEARER,
    ...GATEHOUSE,
    name: 'gatehouse',
    what: 'Gatehouse, `GET /users/me`, started as `npm run start:prod` does',
    path: '/users/me',
  },
  {
    ...BEARER,
    ...GATEHOUSE,
    name: 'health-live',
    what: 'Gatehouse, `GET /health/live`: nothing is checked',
    path: '/health/live',
    of: 'gatehouse',
    isPublic: true,
  },
  {
    ...BEARER,
    name: 'nest-usual',
    what: 'NestJS as usually written: passport-jwt with the secret as text, TypeORM `findOne` with the user each time',
    path: '/users/me',
    prepare: (_, signal) =>
      orFail('nest-usual could not be compiled.', [TSC, '-p', 'bench/contenders/nest-usual'], signal),
    start: () => ({ args: ['.data/bench/nest-usual/main.js'] }),
  },
  {
    ...BEARER,
    name: 'bare-node-prepared',
    what: 'bare Node.js `http`: HMAC by hand, one prepared lookup each time',
    path: '/me',
    start: () => ({ args: ['bench/contenders/bare-node.js', 'prepared'] }),
  },
  {
    ...BEARER,
    name: 'bare-node-gathered',
    what: 'bare Node.js `http`: HMAC by hand, gathered lookups',
    path: '/me',
    start: () => ({ args: ['bench/contenders/bare-node.js', 'gathered'] }),
  },
  {
    name: 'better-auth',
    what: 'better-auth on PostgreSQL, `GET /api/auth/get-session`, without a cache in a cookie',
    path: '/api/auth/get-session',
    header: 'Cookie',
    needs: 'npm',
    prepare: async (databaseUrl, signal) => {
      await execute(databaseUrl, 'CREATE SCHEMA better_auth');
      const args = ['bench/contenders/better-auth.js', 'migrate'];
      await orFail("better-auth's tables could not be made.", args, signal);
      await runSql(databaseUrl, 'better-auth.sql');
    },
    start: () => ({ args: ['bench/contenders/better-auth.js'] }),
    userOf: (body) => body?.user.id,
    revoke: 'DELETE FROM better_auth.session WHERE id = $1::text',
  },
  {
    ...BEARER,
    name: 'fastapi',
    what: 'FastAPI with SQLAlchemy, asyncpg and PyJWT, on uvicorn with uvloop and httptools',
    path: '/me',
    needs: 'python',
    prepare: (databaseUrl) => runSql(databaseUrl, 'fastapi.sql'),
    start: (port) => ({
      command: PYTHON,
      args: [
        ['-m', 'uvicorn', '--app-dir', 'bench/contenders/fastapi', 'app:app', '--port', String(port)],
        ['--no-access-log', '--log-level', 'warning', '--loop', 'uvloop', '--http', 'httptools'],
      ].flat(),
      env: {
        DATABASE_URL: (process.env['DATABASE_URL'] ?? '').replace('postgresql:', 'postgresql+asyncpg:'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    }),
  },
];

/** @param {string} complaint @param {readonly string[]} args @param {AbortSignal} signal */
async function orFail(complaint, args, signal) {
  if ((await runNode(args, { signal })) !== 0) throw new Error(complaint);
}

/** @param {string} databaseUrl @param {string} file beside the contenders */
async function runSql(databaseUrl, file) {
  await execute(databaseUrl, await readFile(new URL(`../contenders/${file}`, import.meta.url), 'utf8'));
}
