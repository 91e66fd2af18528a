import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const QUIET_MS = 50;
const MAX_WAIT_MS = 1_000;
const POLL_INTERVAL_MS = 5;

/**
 * Waits until no client is connecting. Closing a listener resets the connections in its queue, which the client may
 * already use. If clients keep connecting, waits for a turn of the event loop that finds the queue empty.
 */
export async function untilQuiet(server: Server): Promise<void> {
  const start = performance.now();
  let connectedAt = start;
  const onConnection = (): void => void (connectedAt = performance.now());
  server.on('connection', onConnection);
  const isQuiet = (): boolean => performance.now() - connectedAt > QUIET_MS;
  const isLate = (): boolean => performance.now() - start > MAX_WAIT_MS;
  while (!isQuiet() && !isLate()) await sleep(POLL_INTERVAL_MS);
  shrinkQueue(server);
  let turn: number;
  do {
    turn = performance.now();
    await nextTurn();
  } while (connectedAt > turn && performance.now() - start < 2 * MAX_WAIT_MS);
  server.off('connection', onConnection);
}

/**
 * Lets the kernel queue one connection only. It drops the packets of others, whose clients then send them again after the
 * listener has closed and learn that it has. Has no effect in a worker, because the first process listens.
 */
function shrinkQueue(server: Server): void {
  const { _handle: handle } = server as { readonly _handle?: { listen(backlog: number): number } | null };
  handle?.listen(0);
}

/** Closes the listener only. `server.close()` of Node.js would also close idle connections. */
export function stopListening(server: Server): void {
  NetServer.prototype.close.call(server);
}
