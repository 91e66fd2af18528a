import type { IncomingMessage } from 'node:http';

const BEARER = 'bearer';

/**
 * Moves the token of `Sec-WebSocket-Protocol: bearer, <token>` to the `Authorization` header, because browsers cannot
 * set any other header of a handshake. The server then cannot select the token as subprotocol and return it. `bearer`
 * stays unless the client offers another subprotocol, because browsers require that the server selects one.
 */
export function acceptSubprotocolToken({ headers, rawHeaders }: IncomingMessage): void {
  const protocols = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? [];
  const position = protocols.indexOf(BEARER);
  if (position < 0) return;
  const [, token = ''] = protocols.splice(position, 2);
  headers['sec-websocket-protocol'] = protocols.join(', ') || BEARER;
  // If the request already has this header, it now has two and is rejected.
  rawHeaders.push('Authorization', `Bearer ${token}`);
  headers.authorization ??= `Bearer ${token}`;
}
