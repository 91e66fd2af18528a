/* global navigator, PublicKeyCredential */
import { urlOf } from './routes.js';
import { bearer, checkSession, signedIn, tokenIn, useToken } from './session.js';

/** Returns whether the browser and the server support passkeys. */
export function canUsePasskey(system) {
  return 'parseRequestOptionsFromJSON' in (globalThis.PublicKeyCredential ?? {}) && urlOf(system, '/auth/passkey');
}

/** Signs in with a passkey alone. Returns an error message, or undefined. */
export function signInWithPasskey(system) {
  return withPasskey(system, '/auth/passkey/options', async (response) => {
    const body = await post(system, '/auth/passkey', { response });
    useToken(system, tokenIn(body), body.user.email);
  });
}

/** Authenticates the signed-in user again, so that the session meets a step-up. Returns an error message, or undefined. */
export async function stepUpWithPasskey(system) {
  // Renews an expired access token.
  await checkSession(system);
  return withPasskey(system, '/auth/step-up/passkey-options', (passkey) => post(system, '/auth/step-up', { passkey }));
}

/** Lets the browser use a passkey and sends its response. */
async function withPasskey(system, optionsPath, send) {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post(system, optionsPath));
    const credential = await navigator.credentials.get({ publicKey });
    await send(credential.toJSON());
  } catch ({ name, message }) {
    return name === 'NotAllowedError' ? 'No passkey was used.' : message;
  }
}

async function post(system, path, body = {}) {
  const user = signedIn(system);
  const headers = { 'Content-Type': 'application/json', ...(user && bearer(user.accessToken)) };
  const response = await fetch(urlOf(system, path), { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.status === 204) return undefined;
  const json = await response.json();
  if (!response.ok) throw new Error(json.detail);
  return json;
}
