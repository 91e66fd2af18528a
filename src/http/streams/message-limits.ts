/** How many messages of one connection are checked at the same time. */
const MAX_IN_PROGRESS = 64;
/** How much a client may leave unread. */
const MAX_UNREAD_BYTES = 1_048_576;

/** A socket of `ws`. */
interface Socket {
  readonly bufferedAmount: number;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** A client of `ws`, or one of socket.io with its transport. */
type Client = Partial<Socket> & { readonly conn?: { readonly transport?: { readonly socket?: Socket } } };

const inProgress = new WeakMap<Socket, number>();

/**
 * Runs the check of a message. Stops reading from a client with too many unchecked messages, and closes the connection
 * of one that does not read the responses. Otherwise one client could fill the memory.
 */
export async function limitMessages<T>(client: object, check: () => Promise<T>): Promise<T> {
  const socket = socketOf(client);
  // Long polling, whose requests are limited by their size.
  if (!socket) return check();
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
  const count = (inProgress.get(socket) ?? 0) + 1;
  inProgress.set(socket, count);
  if (count === MAX_IN_PROGRESS) socket.pause();
  try {
    return await check();
  } finally {
    const left = (inProgress.get(socket) ?? 1) - 1;
    inProgress.set(socket, left);
    if (left === MAX_IN_PROGRESS - 1) socket.resume();
  }
}

function socketOf(client: Client): Socket | undefined {
  if (client.conn) return client.conn.transport?.socket;
  return isSocket(client) ? client : undefined;
}

function isSocket(client: Client): client is Client & Socket {
  return typeof client.pause === 'function';
}
