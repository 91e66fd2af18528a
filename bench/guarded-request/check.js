// Checks that a contender does the work that is measured.
import { URLSearchParams } from 'node:url';

/**
 * @typedef {import('./contenders.js').Contender} Contender
 * @typedef {{ userId: string, sessionId: string, Authorization: string, Cookie: string }} Caller a session with its
 *   credentials for either kind of contender
 */

/**
 * Throws unless the contender returns the right user to each caller, and rejects revoked sessions and tokens with the
 * signature of another one.
 *
 * @param {Contender} contender @param {string} url
 * @param {object} cases
 * @param {readonly Caller[]} cases.callers
 * @param {Caller} cases.revocable whose session the check revokes
 * @param {(sql: string, id: string) => Promise<unknown>} cases.query
 */
export async function check(contender, url, { callers, revocable, query }) {
  for (const caller of [...callers, revocable]) {
    const { status, body } = await request(contender, url, caller);
    const isRight = status === 200 && (contender.isPublic || contender.userOf(body) === caller.userId);
    if (!isRight) throw new Error(`${contender.name} returned a wrong response: ${status} ${JSON.stringify(body)}`);
  }
  if (contender.isPublic) return;
  await query(contender.revoke, revocable.sessionId);
  await expectRejected(contender, url, revocable, 'a revoked session');
  for (const [index, caller] of callers.entries()) {
    const other = callers[index + 1];
    if (other) await expectRejected(contender, url, forge(caller, other), 'a forged token');
  }
}

/** @param {Contender} contender @param {string} url @param {Caller} caller @param {string} what */
async function expectRejected(contender, url, caller, what) {
  const { status, body } = await request(contender, url, caller);
  const isRejected = status === 401 || status === 403 || (status === 200 && (body === null || body.active === false));
  if (!isRejected) throw new Error(`${contender.name} accepted ${what}: ${status} ${JSON.stringify(body)}`);
}

/** @param {Contender} contender @param {string} url @param {Caller} caller */
async function request({ header, introspector }, url, caller) {
  const token = caller[header].replace('Bearer ', '');
  const response = await fetch(
    url,
    introspector
      ? { method: 'POST', headers: { [header]: introspector() }, body: new URLSearchParams({ token }) }
      : { headers: { [header]: caller[header] } },
  );
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** Returns the caller's credentials with the signature of another caller. @param {Caller} caller @param {Caller} other @returns {Caller} */
function forge(caller, other) {
  const swap = (/** @type {'Authorization' | 'Cookie'} */ header) =>
    caller[header].slice(0, caller[header].lastIndexOf('.')) + other[header].slice(other[header].lastIndexOf('.'));
  return { ...caller, Authorization: swap('Authorization'), Cookie: swap('Cookie') };
}
