import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { OverloadedError } from '../common/domain.error.js';
import { ClientConnections } from './client-connections.js';
import { ConnectionLimit } from './connection-limit.js';
import type { GuardedRequest } from './guarded-request.js';
import { TooManyConnectionsError } from './http.errors.js';

describe('ConnectionLimit', () => {
  const server = new EventEmitter();
  let limit: ConnectionLimit;
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    server.removeAllListeners();
    const clients = new ClientConnections(server as Server, (address) => address === '192.0.2.1');
    limit = new ConnectionLimit(clients, {
      maxTotal: 10,
      maxPerClient: 2,
      isProbe: ({ url }) => url === '/health/live',
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  function connect(remoteAddress: string): Socket {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
    server.emit('connection', socket);
    return socket;
  }

  /** Sends a request on a connection. Returns the rejection, if it was rejected. */
  function ask(socket: Socket, url = '/users/me'): unknown {
    const request = { socket, url } as GuardedRequest;
    const response = new ServerResponse(new IncomingMessage(socket));
    const error = limit.rejectionFor(request);
    if (!error) return undefined;
    limit.reject(request, response, error, () => undefined);
    jest.advanceTimersByTime(2_000);
    expect(response.getHeader('Connection')).toBe('close');
    return request.rejection;
  }

  it('rejects requests on connections beyond the limit of their client', () => {
    const connections = ['203.0.113.1', '203.0.113.1', '::ffff:203.0.113.1', '203.0.113.2'].map(connect);
    const rejection = expect.any(TooManyConnectionsError) as unknown;
    expect(connections.map((socket) => ask(socket))).toEqual([undefined, undefined, rejection, undefined]);
  });

  it('answers probes on surplus connections of a client', () => {
    const connections = Array.from({ length: 8 }, () => connect('203.0.113.1'));
    expect(connections.map((socket) => ask(socket, '/health/live'))).toEqual(Array(8).fill(undefined));
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
    expect(connections.map((socket) => ask(socket))).toEqual(Array(5).fill(undefined));
  });

  it('closes surplus connections without a request, and immediately beyond four times the limit', () => {
    const connections = Array.from({ length: 9 }, () => connect('203.0.113.1'));
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([...Array<boolean>(8).fill(false), true]);
    jest.advanceTimersByTime(4_000);
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, false, ...Array<boolean>(7).fill(true)]);
  });

  it('rejects requests beyond the total limit, except those of probes', () => {
    const connections = Array.from({ length: 11 }, (_, i) => connect(`203.0.113.${i}`));
    const rejection = expect.any(OverloadedError) as unknown;
    expect(connections.map((socket) => ask(socket))).toEqual([...Array<undefined>(10).fill(undefined), rejection]);
    expect(ask(connect('203.0.113.11'), '/health/live')).toBeUndefined();
  });

  it('counts the connections of proxies for the total limit', () => {
    const connections = Array.from({ length: 11 }, () => connect('192.0.2.1'));
    expect(connections.map((socket) => ask(socket) === undefined).lastIndexOf(true)).toBe(9);
  });

  it('counts a connection only once if it is passed back to the server', () => {
    const first = connect('203.0.113.1');
    for (let i = 0; i < 20; i += 1) server.emit('connection', first);
    expect(ask(connect('203.0.113.1'))).toBeUndefined();
  });

  it('closes the oldest of many connections beyond the total limit, so that a probe is answered', () => {
    const connections = Array.from({ length: 10 + 256 + 1 }, () => connect('192.0.2.1'));
    expect(connections.findIndex(({ destroyed }) => destroyed)).toBe(10);
    expect(connections.filter(({ destroyed }) => destroyed)).toHaveLength(1);
    expect(connections.slice(-1).map((socket) => ask(socket, '/health/live'))).toEqual([undefined]);
  });

  it('closes the oldest surplus connection of a client to admit another client', () => {
    const crowd = Array.from({ length: 8 }, () => connect('203.0.113.1'));
    const others = [2, 3, 4].map((i) => connect(`203.0.113.${i}`));
    expect(others.map((socket) => ask(socket))).toEqual([undefined, undefined, undefined]);
    expect(crowd.map(({ destroyed }) => destroyed).indexOf(true)).toBe(2);
    expect(crowd.filter(({ destroyed }) => destroyed)).toHaveLength(1);
  });

  it('closes surplus connections of a client immediately beyond the total limit', () => {
    for (let i = 0; i < 9; i += 1) connect(`203.0.113.${i}`);
    connect('203.0.113.1');
    expect(connect('203.0.113.1').destroyed).toBe(true);
  });
});
