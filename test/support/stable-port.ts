import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that a system gives to connections, and to whoever listens on any. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

let next = randomInt(LOWEST, HIGHEST);

/**
 * A port that is free now and stays so: nobody gets it by chance, not even while a test lets nobody listen on it.
 * Whoever lets the system choose, and does not give its port back in between, needs none of these.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next < HIGHEST ? next + 1 : LOWEST;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
