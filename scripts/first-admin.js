// The admin of an embedded database, whose password npm start prints.
import pg from 'pg';
import { runNode } from './run.js';

/** @typedef {import('./environment.js').State} State */

/**
 * Creates the admin of an embedded database, unless it has an active admin.
 *
 * @param {State} state @param {AbortSignal} signal
 * @returns {Promise<string>} what to print: the generated password while it works, or how to create another admin
 */
export async function ensureFirstAdmin(state, signal) {
  const credentials = `  admin     ${state.adminEmail}\n  password  ${state.adminPassword}`;
  if (await canSignIn(state)) return credentials;
  const args = ['users:create-admin', '--if-none', '--password-stdin', '--email', state.adminEmail];
  const code = await runNode(['dist/src/cli/cli.js', ...args], { input: state.adminPassword, quiet: true, signal });
  // Another npm start may have created the admin meanwhile.
  if (await canSignIn(state)) return credentials;
  if (code !== 0) throw new Error('Creating the first admin failed.');
  return '  An admin already exists. To create another one:\n  npm run cli -- users:create-admin --email you@example.com';
}

/** Queries the database, because a real sign-in would create a session, an audit event and a mail. @param {State} state */
async function canSignIn({ adminEmail, adminPassword }) {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT password_hash FROM users WHERE email = $1 AND role = 'admin' AND is_active",
      [adminEmail],
    );
    const { matches } = await import(new URL('../dist/src/platform/passwords/password-hash.js', import.meta.url).href);
    return rows.some(({ password_hash }) => matches(adminPassword, password_hash));
  } finally {
    await client.end();
  }
}
