import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ephemeral ports, which systems assign to outgoing connections and to listeners on port 0. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Each worker of Jest takes every 16th port. Otherwise one could take a port that another has closed for a time. */
const STRIDE = 16;

let next =
  LOWEST + STRIDE * randomInt((HIGHEST - LOWEST) / STRIDE) + (Number(process.env['JEST_WORKER_ID'] ?? 0) % STRIDE);

/**
 * Returns a free port that the system does not assign to another process, even while a test closes it for a time. Use
 * port 0 instead if a test keeps its port open.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next + STRIDE < HIGHEST ? next + STRIDE : LOWEST + (next % STRIDE);
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
