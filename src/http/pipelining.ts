import type { ServerResponse } from 'node:http';

/**
 * Calls `handle` when all earlier responses on the connection are finished. Node.js passes pipelined requests on
 * immediately and queues their responses, where the check of open streams would not find them.
 */
export function inOrder(response: ServerResponse, handle: () => void): void {
  if (response.socket) handle();
  else response.once('socket', handle);
}
