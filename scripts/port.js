// Which port npm start listens on.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline/promises';

/**
 * The configured port, or the next free one if someone has it and nobody objects.
 *
 * @param {{ host: string, port: number }} http
 * @param {AbortSignal} signal
 * @returns {Promise<number>}
 */
export async function choosePort({ host, port }, signal) {
  if (await isFree(port, host)) return port;
  let next = port + 1;
  while (next < 65_535 && !(await isFree(next, host))) next += 1;
  console.log(`  Port ${port} is taken. The next free one is ${next}.`);
  if (!process.stdin.isTTY) return next;
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`  Use ${next} instead? [Y/n] `, { signal }).finally(() => prompt.close());
  if (/^n/i.test(answer)) throw new Error(`Port ${port} is taken. Choose another one with PORT=${next} npm start`);
  return next;
}

/** Whether nobody listens there. @param {number} port @param {string} host @returns {Promise<boolean>} */
export async function isFree(port, host) {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error;
    return false;
  } finally {
    server.close();
  }
}
