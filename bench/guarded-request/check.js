// Whether a contender does what it is measured for.
import { forge } from './sessions.js';

/**
 * @typedef {import('./contenders.js').Contender} Contender
 * @typedef {import('./sessions.js').Asker} Asker
 */

/**
 * Checks that it answers each with the right user, and nobody whose token has the signature of another or whose
 * session was revoked a moment ago.
 *
 * @param {Contender} contender @param {string} url
 * @param {object} cases
 * @param {readonly Asker[]} cases.askers
 * @param {readonly Asker[]} cases.revoked whose sessions are good until now
 * @param {(sql: string, id: string) => Promise<unknown>} cases.revoke
 */
export async function check(contender, url, { askers, revoked, revoke }) {
  for (const asker of [...askers, ...revoked]) await expectRight(contender, url, asker);
  if (contender.isPublic) return;
  for (const { sessionId } of revoked) await revoke(contender.revoke, sessionId);
  for (const asker of revoked) await expectRefused(contender, url, asker, 'a revoked session');
  for (const [index, asker] of askers.entries()) {
    const other = askers[index + 1];
    if (other) await expectRefused(contender, url, forge(asker, other), 'a forged token');
  }
}

/** @param {Contender} contender @param {string} url @param {Asker} asker */
async function expectRight(contender, url, asker) {
  const { status, body } = await ask(contender, url, asker);
  const isRight = status === 200 && (contender.isPublic || contender.userOf(body) === asker.userId);
  if (!isRight) throw new Error(`${contender.name} gave a wrong answer: ${status} ${JSON.stringify(body)}`);
}

/** @param {Contender} contender @param {string} url @param {Asker} asker @param {string} what */
async function expectRefused(contender, url, asker, what) {
  const { status, body } = await ask(contender, url, asker);
  const isRefused = status === 401 || status === 403 || (status === 200 && body === null);
  if (!isRefused) throw new Error(`${contender.name} let ${what} through: ${status} ${JSON.stringify(body)}`);
}

/** @param {Contender} contender @param {string} url @param {Asker} asker */
async function ask({ header }, url, asker) {
  const response = await fetch(url, { headers: { [header]: asker[header] } });
  const text = await response.text();
  return { status: response.status, body: parsed(text) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
