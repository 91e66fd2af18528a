// The admin of an embedded database, whose address and password npm start prints.
import pg from 'pg';
import { runNode } from './run.js';

/** @typedef {import('./development.js').State} State */

/**
 * Creates the admin that was drawn, unless the database has an admin already.
 *
 * @param {State} state @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether that admin signs in with the drawn password: a person may have changed it, or
 *   have made admins of their own before
 */
export async function ensureFirstAdmin(state, signal) {
  if (await signsIn(state)) return true;
  const args = [
    'dist/src/cli/cli.js',
    'users:create-admin',
    '--if-none',
    '--password-stdin',
    '--email',
    state.adminEmail,
  ];
  const code = await runNode(args, { input: state.adminPassword, quiet: true, signal });
  if (code !== 0) throw new Error('The first admin could not be created.');
  return signsIn(state);
}

/** Asks the database itself: a sign-in would leave a session, an event and a mail behind. @param {State} state */
async function signsIn({ adminEmail, adminPassword }) {
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
