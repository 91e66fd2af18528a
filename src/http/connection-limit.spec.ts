import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Socket } from 'node:net';
import { ConnectionLimit } from './connection-limit.js';
import type { GuardedRequest } from './guarded-request.js';
import { TooManyConnectionsError } from './http.errors.js';

describe('ConnectionLimit', () => {
  const server = new EventEmitter();
  let limit: ConnectionLimit;
  beforeEach(() => {
    jest.useFakeTimers();
    server.removeAllListeners();
    limit = new ConnectionLimit(server as Server, { maxPerClient: 2, isProxy: (address) => address === '192.0.2.1' });
  });
  afterEach(() => jest.useRealTimers());

  function connect(remoteAddress: string): Socket {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
    server.emit('connection', socket);
    return socket;
  }

  /** Sends a request on a connection. Returns the rejection, if it was rejected. */
  function ask(socket: Socket): unknown {
    const request = { socket } as GuardedRequest;
    const response = new ServerResponse(new IncomingMessage(socket));
    if (!limit.isSurplus(socket)) return undefined;
    limit.reject(request, response, () => undefined);
    jest.advanceTimersByTime(2_000);
    expect(response.getHeader('Connection')).toBe('close');
    return request.rejection;
  }

  it('rejects requests on connections beyond the limit of their client', () => {
    const connections = ['203.0.113.1', '203.0.113.1', '::ffff:203.0.113.1', '203.0.113.2'].map(connect);
    const rejection = expect.any(TooManyConnectionsError) as unknown;
    expect(connections.map(ask)).toEqual([undefined, undefined, rejection, undefined]);
  });

  it('counts the connections of an IPv6 /64 together', () => {
    const [, , third] = ['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(connect);
    expect(third && ask(third)).toBeInstanceOf(TooManyConnectionsError);
  });

  it('counts only open connections', () => {
    const first = connect('203.0.113.1');
    connect('203.0.113.1');
    first.emit('close');
    expect(ask(connect('203.0.113.1'))).toBeUndefined();
  });

  it('does not limit trusted proxies', () => {
    const connections = Array.from({ length: 5 }, () => connect('192.0.2.1'));
    expect(connections.map(ask)).toEqual(Array(5).fill(undefined));
  });

  it('closes surplus connections without a request, and immediately beyond four times the limit', () => {
    const connections = Array.from({ length: 9 }, () => connect('203.0.113.1'));
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([...Array<boolean>(8).fill(false), true]);
    jest.advanceTimersByTime(4_000);
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, false, ...Array<boolean>(7).fill(true)]);
  });
});
