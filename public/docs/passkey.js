/* global navigator, PublicKeyCredential */
import { urlOf } from './routes.js';
import { tokenIn, useToken } from './session.js';

/** Returns whether the browser and the server support passkeys. */
export function canUsePasskey(system) {
  return 'parseRequestOptionsFromJSON' in (globalThis.PublicKeyCredential ?? {}) && urlOf(system, '/auth/passkey');
}

/** Signs in with a passkey alone. Returns an error message, or undefined. */
export async function signInWithPasskey(system) {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post(system, '/auth/passkey/options'));
    const credential = await navigator.credentials.get({ publicKey });
    const body = await post(system, '/auth/passkey', { response: credential.toJSON() });
    useToken(system, tokenIn(body), body.user.email);
  } catch ({ name, message }) {
    return name === 'NotAllowedError' ? 'No passkey was used.' : message;
  }
}

async function post(system, path, body = {}) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(urlOf(system, path), { method: 'POST', headers, body: JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok) throw new Error(json.detail);
  return json;
}
