// better-auth as its documentation sets it up on PostgreSQL. The cookie cache is off, which is the default, because it
// would accept revoked sessions. Telemetry and rate limits are off because this benchmark does not measure them.
//   node better-auth.js          serves
//   node better-auth.js migrate  creates its tables
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import pg from 'pg';

const { PORT = '0', DATABASE_URL, JWT_SECRET } = process.env;

const database = new pg.Pool({ connectionString: DATABASE_URL, max: 10, options: '-c search_path=better_auth' });

/** @satisfies {import('better-auth').BetterAuthOptions} */
const options = {
  database,
  secret: JWT_SECRET,
  baseURL: `http://127.0.0.1:${PORT}`,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
};

if (process.argv[2] === 'migrate') {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  await database.end();
} else {
  createServer(toNodeHandler(betterAuth(options))).listen(Number(PORT), '127.0.0.1');
}
