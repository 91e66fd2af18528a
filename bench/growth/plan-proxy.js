// Stands between the application and PostgreSQL, and keeps the plans that the server tells of (auto_explain).
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * What the server is asked to tell: of every statement, and of those that triggers run, the plan with what it did.
 * auto_explain is part of PostgreSQL; loading it takes a superuser.
 */
const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_triggers': 'on',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_parameter_max_length': '0',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
};

/** @typedef {{ 'Query Text': string, Plan: any }} Explained */

export class PlanProxy {
  /** @type {Explained[]} in the order in which the server told of them */
  plans = [];
  /** @type {Set<import('node:net').Socket>} */
  sockets = new Set();

  /** @param {URL} target @param {import('node:net').Server} server */
  constructor(target, server) {
    this.target = target;
    this.server = server;
    server.on('connection', (client) => this.accept(client));
  }

  /** @param {import('pg').Pool} pool of a superuser @param {string} url of the database */
  static async start(pool, url) {
    const target = new URL(url);
    for (const [name, value] of Object.entries(SETTINGS)) {
      await pool.query(`ALTER DATABASE ${target.pathname.slice(1)} SET ${name} = '${value}'`);
    }
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PlanProxy(target, server);
  }

  /** The same database through the proxy. */
  get url() {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.server.address()).port}`;
    return url.href;
  }

  /** The plans since the last time. */
  take() {
    return this.plans.splice(0);
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  /** @param {import('node:net').Socket} client */
  accept(client) {
    const server = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of /** @type {const} */ ([
      [client, server],
      [server, client],
    ])) {
      this.sockets.add(from);
      from.setNoDelay();
      from.on('error', () => to.destroy());
      from.on('close', () => this.sockets.delete(from));
      from.pipe(to);
    }
    let pending = Buffer.alloc(0);
    server.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length > pending.readInt32BE(1)) {
        const end = 1 + pending.readInt32BE(1);
        if (pending[0] === NOTICE) this.read(pending.toString('utf8', 5, end));
        pending = pending.subarray(end);
      }
    });
  }

  /** @param {string} fields of a NoticeResponse */
  read(fields) {
    const message = fields.split('\0').find((field) => field.startsWith('M')) ?? '';
    const json = message.indexOf('{');
    if (/plan:\s*$/.test(message.slice(0, json))) this.plans.push(JSON.parse(message.slice(json)));
  }
}

const NOTICE = 'N'.charCodeAt(0);
