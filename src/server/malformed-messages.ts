import { Logger } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { EMPTY } from 'rxjs';
import type { WebSocket, WebSocketServer } from 'ws';

/** RFC 6455 §7.4.1: the data does not match the type of the message. */
const INVALID_PAYLOAD = 1007;

const logger = new Logger(WsAdapter.name);

/**
 * Closes the connection of a client that sends a message that is not JSON. The adapter alone would ignore the message.
 * Leaves adapters with a custom parser unchanged.
 */
export function rejectMalformedMessages(adapter: WsAdapter): void {
  // The adapter logs errors of clients as errors. Otherwise any client could fill the log, for example with large
  // messages.
  adapter.bindErrorHandler = (server: WebSocketServer) => {
    server.on('connection', (client) => client.on('error', (error) => logger.debug({ err: error }, 'Client error')));
    return server.on('error', (error) => logger.error({ err: error }, 'WebSocket server error'));
  };
  if (parserOf(adapter) !== parserOf(new WsAdapter())) return;
  const bind = adapter.bindMessageHandler.bind(adapter);
  adapter.setMessageParser((message) => message as never);
  adapter.bindMessageHandler = (
    { data, target }: { data: Buffer | string; target: WebSocket },
    handlers,
    transform,
  ) => {
    const message = parse(data.toString());
    if (message === undefined) target.close(INVALID_PAYLOAD, 'malformed_message');
    return message === undefined ? EMPTY : bind({ data: message }, handlers, transform);
  };
}

function parserOf(adapter: WsAdapter): unknown {
  return (adapter as unknown as { messageParser: unknown }).messageParser;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
