// Passwords, ports, URLs and statements for a PostgreSQL server.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import pg from 'pg';

/** Returns a random password that a URL can contain as it is. */
export const newPassword = () => randomBytes(24).toString('base64url');

/** Returns a port that is free now. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** Returns the URL of another database of the same server. @param {string} url @param {string} name */
export function databaseUrl(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/**
 * Runs statements outside a transaction, such as `CREATE DATABASE`.
 *
 * @param {string} url @param {...string} statements
 */
export async function execute(url, ...statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
