// Repeats wrong sign-ins on many connections, in a process of its own, until its parent asks for the responses.
import { connect } from 'node:net';
import { once } from 'node:events';

/**
 * @typedef {object} Flood
 * @property {string} url
 * @property {string} localAddress the client of all connections, unless `clients` is set
 * @property {number} connections
 * @property {number} clients how many clients `X-Forwarded-For` names, or 0
 */

/** @type {Flood} */
const { url, localAddress, connections, clients } = JSON.parse(process.argv[2] ?? '');
const { hostname, port, host } = new URL(url);
/** @type {Record<string, number>} */
const responses = {};
let sent = 0;

const count = (/** @type {string} */ kind) => (responses[kind] = (responses[kind] ?? 0) + 1);

/** Returns a sign-in of the next client. Each client uses an account of its own. */
function request() {
  const client = (sent += 1) % Math.max(clients, 1);
  const body = JSON.stringify({
    email: `flood-${localAddress}-${client}@example.com`,
    password: 'wrong lanterns at dawn',
  });
  const forwarded = clients > 0 ? `X-Forwarded-For: 10.0.${client >> 8}.${client & 255}\r\n` : '';
  return `POST /auth/login HTTP/1.1\r\nHost: ${host}\r\n${forwarded}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Sends requests on one connection, each after the response to the last one. Connects again if the server closes it. */
function start() {
  const socket = connect({ host: hostname, port: Number(port), localAddress, noDelay: true });
  let text = '';
  let isWaiting = false;
  const send = () => {
    isWaiting = true;
    socket.write(request());
  };
  socket.setEncoding('latin1');
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    text += chunk;
    const head = text.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1];
    if (head < 0 || text.length < head + 4 + Number(length)) return;
    count(`${text.slice(9, 12)} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`);
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
