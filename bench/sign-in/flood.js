// Repeats requests on many connections, in a process of its own, until its parent asks for the responses.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { once } from 'node:events';

/**
 * @typedef {object} Flood
 * @property {string} url
 * @property {keyof typeof REQUESTS} kind of the requests
 * @property {string} authorization the header of a signed-in user
 * @property {string} localAddress the client of all connections, unless `clients` is set
 * @property {number} connections
 * @property {number} clients how many clients `X-Forwarded-For` names, or 0
 * @property {boolean} [disconnects] whether a connection closes after its request is sent
 */

/** @satisfies {Record<string, (client: number) => { target: string, body?: object }>} */
const REQUESTS = {
  // Each client uses an account of its own.
  'sign-in': (client) => ({
    target: 'POST /auth/login',
    body: { email: `flood-${localAddress}-${client}@example.com`, password: 'wrong lanterns at dawn' },
  }),
  probe: () => ({ target: 'GET /health/live' }),
  list: () => ({ target: 'GET /sessions' }),
  unknown: () => ({ target: 'GET /nothing' }),
  refresh: () => ({ target: 'POST /auth/refresh', body: { refreshToken: forgedToken() } }),
};

/** @type {Flood} */
const { url, kind, authorization, localAddress, connections, clients, disconnects } = JSON.parse(process.argv[2] ?? '');
const { hostname, port, host } = new URL(url);
/** @type {Record<string, number>} */
const responses = {};
let sent = 0;

const count = (/** @type {string} */ response) => (responses[response] = (responses[response] ?? 0) + 1);

/** Returns a refresh token with a valid form and a random session, user and MAC. */
function forgedToken() {
  return Buffer.concat([Buffer.from([2]), randomBytes(68)]).toString('base64url');
}

/** Returns the request of the next client. */
function request() {
  const client = (sent += 1) % Math.max(clients, 1);
  /** @type {{ target: string, body?: object }} */
  const { target, body } = REQUESTS[kind](client);
  const content = body ? JSON.stringify(body) : '';
  const forwarded = clients > 0 ? `X-Forwarded-For: 10.0.${client >> 8}.${client & 255}\r\n` : '';
  const signedIn = kind === 'list' ? `Authorization: ${authorization}\r\n` : '';
  const type = body ? `Content-Type: application/json\r\nContent-Length: ${content.length}\r\n` : '';
  return `${target} HTTP/1.1\r\nHost: ${host}\r\n${forwarded}${signedIn}${type}\r\n${content}`;
}

/** Sends requests on one connection, each after the response to the last one. Connects again if the server closes it. */
function start() {
  const socket = connect({ host: hostname, port: Number(port), localAddress, noDelay: true });
  let text = '';
  let isWaiting = false;
  const send = () => {
    isWaiting = !disconnects;
    socket.write(request(), () => disconnects && socket.destroy());
  };
  socket.setEncoding('latin1');
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    text += chunk;
    const head = text.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1];
    if (head < 0 || text.length < head + 4 + Number(length)) return;
    count(`${text.slice(9, 12)} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`.trim());
    isWaiting = false;
    const isLast = /^connection: close/im.test(text.slice(0, head));
    text = '';
    if (!isLast) send();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (isWaiting) count('closed without a response');
    setImmediate(start);
  });
}

for (let i = 0; i < connections; i += 1) start();
await once(process, 'message');
process.send?.(responses, () => process.exit());
