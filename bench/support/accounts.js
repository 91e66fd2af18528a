// Accounts for a bench.
import { Client } from './client.js';

export const PASSWORD = 'seven lanterns at dusk';
export const COST = 12;

/**
 * Registers accounts.
 *
 * @param {string} url @param {number} count
 * @returns {Promise<string[]>} their addresses; `PASSWORD` is everyone's
 */
export async function register(url, count) {
  const client = new Client(url);
  const emails = Array.from({ length: count }, (_, i) => `bench-${i}@example.com`);
  for (const email of emails) {
    const { status } = await client.ask('POST', '/auth/register', { json: { email, password: PASSWORD } });
    if (status !== 201) throw new Error(`POST /auth/register was answered ${status}.`);
  }
  client.close();
  return emails;
}
