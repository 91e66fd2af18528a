// Accounts for benchmarks and tests.
import { execute } from '../../scripts/postgres-client.js';
import { Client } from './client.js';

/** The password of every account. */
export const PASSWORD = 'seven lanterns at dusk';

/**
 * Registers accounts and returns their email addresses.
 *
 * @param {string} url @param {number} count @param {string} [prefix] of the addresses
 */
export async function register(url, count, prefix = 'bench') {
  const client = new Client(url);
  const emails = Array.from({ length: count }, (_, index) => `${prefix}-${index}@example.com`);
  for (const email of emails) {
    await client.expect(201, 'POST', '/auth/register', { json: { email, password: PASSWORD } });
  }
  client.close();
  return emails;
}

/** Signs in once, on a connection of its own. @param {string} url @param {string} email */
export async function signIn(url, email) {
  const client = new Client(url);
  const tokens = await client.signIn(email, PASSWORD);
  client.close();
  return tokens;
}

/**
 * Creates an API key with which a service may introspect tokens.
 *
 * @param {string} url of a Gatehouse process @param {string} databaseUrl @returns {Promise<string>}
 */
export async function createIntrospectionKey(url, databaseUrl) {
  const [email = ''] = await register(url, 1, 'service');
  await execute(databaseUrl, `UPDATE users SET role = 'admin' WHERE email = '${email}'`);
  const { accessToken } = await signIn(url, email);
  const client = new Client(url);
  const json = { name: 'service', scopes: ['introspect'] };
  const { body } = await client.expect(201, 'POST', '/auth/keys', { json, token: accessToken });
  client.close();
  return JSON.parse(body).key;
}
