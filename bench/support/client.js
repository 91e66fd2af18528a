// A client that keeps its connection, and figures about what it saw.
import http, { Agent } from 'node:http';

/**
 * @typedef {object} Answer
 * @property {number} status 0 where there was no answer
 * @property {string} body
 * @property {number} duration in milliseconds, from the request to the end of its answer
 * @property {boolean} closes whether the server lets the connection go
 *
 * @typedef {object} Request
 * @property {'GET' | 'POST' | 'DELETE'} [method]
 * @property {string} [token] an access token
 * @property {object} [json]
 * @property {string} [id] its `X-Request-Id`
 */

/**
 * Sends one request, and waits for all of its answer.
 *
 * @param {Agent} agent @param {URL} url @param {Request} asked
 * @returns {Promise<Answer>}
 */
export function send(agent, url, { method = 'GET', token, json, id }) {
  const start = performance.now();
  const body = json ? JSON.stringify(json) : '';
  const headers = {
    ...(id && { 'X-Request-Id': id }),
    ...(token && { Authorization: `Bearer ${token}` }),
    ...(body && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve) => {
    const end = (/** @type {number} */ status, /** @type {string} */ text, /** @type {boolean} */ closes) =>
      resolve({ status, body: text, duration: performance.now() - start, closes });
    const fail = (/** @type {Error} */ error) => end(0, error.message, true);
    const request = http.request(url, { method, headers, agent }, (response) => {
      let text = '';
      response.on('data', (/** @type {Buffer} */ chunk) => (text += chunk.toString()));
      response.on('end', () => end(response.statusCode ?? 0, text, response.headers.connection === 'close'));
      response.on('error', fail);
    });
    request.on('error', fail);
    request.end(body);
  });
}

export class Client {
  agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /**
   * @param {'GET' | 'POST'} method
   * @param {string} path
   * @param {{ token?: string, json?: object }} [options]
   * @returns {Promise<Answer>}
   */
  ask(method, path, options = {}) {
    return send(this.agent, new URL(path, this.url), { method, ...options });
  }

  /** @param {string} email @param {string} password */
  signIn(email, password) {
    return this.ask('POST', '/auth/login', { json: { email, password } });
  }

  close() {
    this.agent.destroy();
  }
}

/**
 * The value below which this part of all values lies.
 *
 * @param {readonly number[]} values
 * @param {number} part from 0 to 1
 */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
