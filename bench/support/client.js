// A client that keeps its connection, and figures about what it saw.
import { Agent, request } from 'node:http';

/**
 * @typedef {object} Answer
 * @property {number} status 0 where there was no answer
 * @property {string} body
 * @property {number} duration in milliseconds, from the request to the end of its answer
 */

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
  ask(method, path, { token, json } = {}) {
    const start = performance.now();
    const body = json ? JSON.stringify(json) : '';
    const headers = {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve) => {
      const asked = request(new URL(path, this.url), { method, headers, agent: this.agent }, (response) => {
        let text = '';
        response.on('data', (/** @type {Buffer} */ chunk) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text, duration: performance.now() - start });
        });
      });
      asked.on('error', (error) => resolve({ status: 0, body: error.message, duration: performance.now() - start }));
      asked.end(body);
    });
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
