// An HTTP client that keeps its connection and measures each request. The tests use it too.
import http, { Agent } from 'node:http';

/**
 * @typedef {object} Answer
 * @property {number} status 0 if the request failed
 * @property {string} body
 * @property {number} duration milliseconds from the request to the end of the response
 * @property {boolean} closes whether the server closes the connection
 *
 * @typedef {object} Request
 * @property {'GET' | 'POST' | 'DELETE'} [method]
 * @property {string} [token] an access token
 * @property {object} [json]
 * @property {string} [id] the `X-Request-Id` header
 */

/** Sends a request and reads the whole response. @param {Agent} agent @param {URL} url @param {Request} request @returns {Promise<Answer>} */
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
   * Sends a request. Throws unless the response has the given status.
   *
   * @param {number} status @param {'GET' | 'POST'} method @param {string} path @param {Pick<Request, 'token' | 'json'>} [options]
   */
  async expect(status, method, path, options = {}) {
    const answer = await send(this.agent, new URL(path, this.url), { method, ...options });
    if (answer.status === status) return answer;
    throw new Error(`${method} ${path} returned ${answer.status} instead of ${status}: ${answer.body.slice(0, 200)}`);
  }

  /** @param {string} email @param {string} password @returns {Promise<{ accessToken: string, refreshToken: string }>} */
  async signIn(email, password) {
    return JSON.parse((await this.expect(200, 'POST', '/auth/login', { json: { email, password } })).body);
  }

  close() {
    this.agent.destroy();
  }
}
