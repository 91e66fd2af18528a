import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Socket } from 'node:net';
import { ClientConnections } from './client-connections.js';
import { FairShare } from './fair-share.js';
import type { GuardedRequest } from './guarded-request.js';
import { RequestTimeoutError } from '../common/domain.error.js';

const [CROWD, CROWD_2, OTHER, PROXY] = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '192.0.2.1'];

describe('FairShare', () => {
  let server: EventEmitter;
  let share: FairShare;
  let isDatabaseCrowded: boolean;
  let utilization: number;
  /** The IP addresses of the handled requests. */
  let handled: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    [isDatabaseCrowded, utilization, handled] = [false, 0.5, []];
    jest.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ idle: 0, active: 0, utilization }));
    server = new EventEmitter();
    const clients = new ClientConnections(server as Server, (address) => address === PROXY);
    share = new FairShare(server as Server, clients, {
      freeConnections: 2,
      timeoutMs: 10_000,
      isProbe: ({ url }) => url === '/probe',
      isDatabaseCrowded: () => isDatabaseCrowded,
    });
  });
  afterEach(() => {
    server.emit('close');
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  function connect(remoteAddress: string, count: number): Socket[] {
    return Array.from({ length: count }, () => {
      const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
      server.emit('connection', socket);
      return socket;
    });
  }

  /** Returns one connection after the other. */
  function at(sockets: readonly Socket[], index: number): Socket {
    return sockets[index % sockets.length] ?? new Socket();
  }

  /** Sends a request on a connection. Its response is complete when it is handled, unless it is slow. */
  function ask(socket: Socket, ip = socket.remoteAddress ?? '', isSlow = false, url = '/') {
    const request = Object.assign(new IncomingMessage(socket), { ip, url }) as GuardedRequest;
    const response = new ServerResponse(request);
    const handle = () => {
      handled.push(ip);
      if (!isSlow) response.emit('close');
    };
    if (share.mustWait(request)) share.wait(request, response, handle);
    else handle();
    return { request, response };
  }

  /** Lets the process be saturated while another client sends requests. */
  function saturate(other: Socket | undefined = connect(OTHER, 1)[0]): void {
    utilization = 1;
    for (let i = 0; i < 10; i += 1) {
      jest.advanceTimersByTime(100);
      if (other) ask(other);
    }
    jest.advanceTimersByTime(100);
    handled = [];
  }

  it('handles all requests immediately while the process is not saturated', () => {
    for (const socket of [...connect(CROWD, 3), ...connect(OTHER, 1)]) ask(socket);
    expect(handled).toEqual([CROWD, CROWD, CROWD, OTHER]);
  });

  it('delays a client with many connections beside others while the process is saturated', () => {
    const crowd = connect(CROWD, 3);
    const [other] = connect(OTHER, 2);
    saturate(other);
    for (const socket of crowd) ask(socket);
    if (other) ask(other);
    expect(handled).toEqual([OTHER]);
    jest.advanceTimersByTime(100);
    expect(handled).toEqual([OTHER, CROWD, CROWD, CROWD]);
  });

  it('does not delay a client with many connections if no other client sends requests', () => {
    const crowd = connect(CROWD, 3);
    utilization = 1;
    jest.advanceTimersByTime(1_000);
    for (const socket of crowd) ask(socket);
    expect(handled).toEqual([CROWD, CROWD, CROWD]);
  });

  it('handles few requests per turn of a client with more than 128 connections', () => {
    const crowd = connect(CROWD, 129);
    utilization = 1;
    jest.advanceTimersByTime(1_000);
    for (const socket of crowd) ask(socket);
    jest.advanceTimersByTime(1);
    expect(handled.length).toBeLessThanOrEqual(16);
    jest.advanceTimersByTime(20);
    expect(handled).toHaveLength(129);
  });

  it('still serves such clients 500 requests per second, in turns', () => {
    const [first, second] = [connect(CROWD, 3), connect(CROWD_2, 3)];
    const [other] = connect(OTHER, 1);
    saturate(other);
    for (const crowd of [first, second]) for (let i = 0; i < 400; i += 1) ask(at(crowd, i));
    for (let i = 0; i < 10; i += 1) {
      if (other) ask(other);
      jest.advanceTimersByTime(100);
    }
    const delayed = handled.filter((address) => address !== OTHER);
    expect(delayed.length).toBeGreaterThan(450);
    expect(delayed.length).toBeLessThan(550);
    expect(delayed.slice(0, 4)).toEqual([CROWD, CROWD_2, CROWD, CROWD_2]);
  });

  it('serves them more requests once the process is no longer saturated', () => {
    const crowd = connect(CROWD, 3);
    const [other] = connect(OTHER, 1);
    saturate(other);
    utilization = 0.5;
    for (let i = 0; i < 5_000; i += 1) ask(at(crowd, i));
    for (let i = 0; i < 10; i += 1) {
      if (other) ask(other);
      jest.advanceTimersByTime(100);
    }
    expect(handled.length).toBeGreaterThan(2_000);
  });

  it('delays clients with many connections while the database is crowded', () => {
    isDatabaseCrowded = true;
    const crowd = connect(CROWD, 3);
    for (const socket of [...crowd, ...connect(OTHER, 1)]) ask(socket);
    expect(handled).toEqual([OTHER]);
    jest.advanceTimersByTime(10);
    expect(handled).toEqual([OTHER, CROWD, CROWD, CROWD]);
  });

  it('allows 32 delayed requests in progress, not counting slow ones', () => {
    isDatabaseCrowded = true;
    const crowd = connect(CROWD, 50);
    const asked = crowd.map((socket) => ask(socket, CROWD, true));
    isDatabaseCrowded = false;
    jest.advanceTimersByTime(50);
    expect(handled).toHaveLength(32);
    for (const { response } of asked.slice(0, 8)) response.emit('close');
    jest.advanceTimersByTime(10);
    expect(handled).toHaveLength(40);
    jest.advanceTimersByTime(100);
    expect(handled).toHaveLength(50);
  });

  it('does not delay the first ten probes per interval', () => {
    isDatabaseCrowded = true;
    const [socket = new Socket()] = connect(CROWD, 3);
    for (let i = 0; i < 12; i += 1) ask(socket, CROWD, false, '/probe');
    expect(handled).toHaveLength(10);
    jest.advanceTimersByTime(100);
    expect(handled).toHaveLength(12);
    ask(socket, CROWD, false, '/probe');
    expect(handled).toHaveLength(13);
  });

  it('does not delay the probes of other clients during a flood of probes', () => {
    isDatabaseCrowded = true;
    const [flood, second] = [CROWD, CROWD_2].map((address) => connect(address, 3)[0] ?? new Socket());
    for (let i = 0; i < 1_000; i += 1) if (flood) ask(flood, CROWD, false, '/probe');
    handled = [];
    for (const socket of [second, ...connect(OTHER, 1)]) if (socket) ask(socket, undefined, false, '/probe');
    expect(handled).toEqual([CROWD_2, OTHER]);
  });

  it('drops requests whose client has disconnected', () => {
    isDatabaseCrowded = true;
    const [first, second] = connect(CROWD, 3).map((socket) => ask(socket));
    first?.response.destroy();
    isDatabaseCrowded = false;
    jest.advanceTimersByTime(10);
    expect(handled).toHaveLength(2);
    expect(second?.request.rejection).toBeUndefined();
  });

  it('rejects a request that has waited for REQUEST_TIMEOUT', () => {
    isDatabaseCrowded = true;
    const crowd = connect(CROWD, 3);
    // 320 of them can start per second.
    for (let i = 0; i < 4_000; i += 1) ask(at(crowd, i), CROWD, true);
    const last = ask(at(crowd, 0));
    jest.advanceTimersByTime(9_900);
    expect(handled.length).toBeLessThan(3_500);
    expect(last.request.rejection).toBeUndefined();
    jest.advanceTimersByTime(200);
    expect(handled).toHaveLength(4_001);
    expect(last.request.rejection).toBeInstanceOf(RequestTimeoutError);
  });

  it('attributes the connections of a proxy to the clients of their latest requests', () => {
    const connections = connect(PROXY, 6);
    isDatabaseCrowded = true;
    const addresses = [CROWD, CROWD, CROWD, OTHER, OTHER, CROWD_2];
    for (const [i, socket] of connections.entries()) ask(socket, addresses[i]);
    // The third connection is the first one beyond the limit.
    expect(handled).toEqual([CROWD, CROWD, OTHER, OTHER, CROWD_2]);
    handled = [];
    for (const socket of connections.slice(0, 3)) ask(socket, CROWD_2);
    expect(handled).toEqual([CROWD_2]);
  });

  it('counts the connections of an IPv6 /64 together, and those that were just closed', () => {
    isDatabaseCrowded = true;
    const [first] = ['2001:db8::1', '2001:db8::2'].flatMap((address) => connect(address, 1));
    first?.emit('close');
    const [third] = connect('2001:db8::3', 1);
    if (third) ask(third);
    expect(handled).toEqual([]);
    jest.advanceTimersByTime(300);
    handled = [];
    if (third) ask(third);
    expect(handled).toEqual(['2001:db8::3']);
  });
});
