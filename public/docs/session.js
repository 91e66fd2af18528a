/* global addEventListener, localStorage */
import { tokenUrlOf, urlOf } from './routes.js';

/** The name under which Swagger UI stores the authorization and restores it on load. */
const STORAGE_KEY = 'authorized';

/** The codes with which the server rejects the token itself. Other 401s reject a password or a second factor. */
const ENDS_OF_SESSION = ['token_invalid', 'session_not_found', 'session_revoked', 'session_expired', 'user_inactive'];

/**
 * Keeps the lock of the explorer in step with the session. Renews an expired access token with the refresh token, and
 * signs out when the server rejects the session.
 */
export const sessionPlugin = {
  statePlugins: {
    auth: {
      wrapActions: {
        // Swagger UI would store all input, including the password. The tokens are stored so that they survive a reload.
        persistAuthorizationIfNeeded:
          (_original, { authSelectors }) =>
          () => {
            const withoutPassword = (name, value) => (name === 'password' ? undefined : value);
            localStorage.setItem(STORAGE_KEY, JSON.stringify(authSelectors.authorized(), withoutPassword));
          },
      },
    },
    spec: {
      wrapActions: {
        executeRequest: (original, system) => (request) =>
          original({ ...request, fetch: renewingFetch(request.fetch, system) }),
        updateJsonSpec:
          (original, system) =>
          (...args) => {
            original(...args);
            void checkSession(system);
          },
      },
    },
  },
  afterLoad({ getSystem }) {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void checkSession(getSystem());
    });
    // Another tab has renewed the tokens or signed out.
    addEventListener('storage', ({ key, newValue }) => {
      if (key === STORAGE_KEY)
        getSystem().authActions.restoreAuthorization({ authorized: JSON.parse(newValue ?? '{}') });
    });
  },
};

/** Returns the name, the scheme and the tokens of the signed-in user, or undefined. */
export function signedIn({ authSelectors }) {
  const [entry] = authSelectors
    .authorized()
    .entrySeq()
    .filter(([, auth]) => auth.getIn(['token', 'refresh_token']));
  if (!entry) return undefined;
  const [name, auth] = entry;
  const tokens = {
    accessToken: auth.getIn(['token', 'access_token']),
    refreshToken: auth.getIn(['token', 'refresh_token']),
  };
  return { name, scheme: auth.get('schema'), username: auth.get('username'), ...tokens };
}

/**
 * Requests tokens. Returns `{ token }`, or `{ error }` with a message. `isFinal` means that a retry is useless, and
 * `needsCode` that the account has a second factor.
 */
export async function requestTokens(url, form) {
  try {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
    const body = await response.json();
    if (response.ok) return { token: body };
    const error = body.error_description ?? body.detail;
    // Only the description of the error names the parameter (RFC 6749 has no code for it).
    const needsCode = !form.otp && /\bparameter otp\b/.test(error);
    return { error, isFinal: body.error === 'invalid_grant', needsCode };
  } catch {
    return { error: 'The server did not respond. Try again.', isFinal: false };
  }
}

/** Revokes the session on the server and forgets its tokens. */
export async function signOut(system) {
  const { name, accessToken } = signedIn(system) ?? {};
  const url = urlOf(system, '/auth/logout');
  if (url && accessToken) await fetch(url, { method: 'POST', headers: bearer(accessToken) }).catch(() => undefined);
  if (name) system.authActions.logoutWithPersistOption([name]);
}

/** Retries a request with a new access token if the old one has expired. */
function renewingFetch(originalFetch, system) {
  return async (request) => {
    const given = signedIn(system);
    const isOurs = given && request.headers?.Authorization === `Bearer ${given.accessToken}`;
    try {
      const response = await originalFetch(request);
      // The request may have revoked the session.
      if (isOurs && request.method !== 'GET') void checkSession(system);
      return response;
    } catch (error) {
      if (!isOurs || error.response?.status !== 401) throw error;
      const renewed = await recover(system, given, error.response.body?.code);
      if (!renewed) throw error;
      return originalFetch({ ...request, headers: { ...request.headers, ...bearer(renewed) } });
    }
  };
}

/** Asks the server whether the session is still valid. */
async function checkSession(system) {
  const given = signedIn(system);
  const url = urlOf(system, '/users/me');
  if (!given || !url) return;
  const response = await fetch(url, { headers: bearer(given.accessToken) }).catch(() => undefined);
  if (response?.status === 401) await recover(system, given, (await response.json()).code);
}

/** Returns a new access token, or undefined. Signs out if the session is no longer valid. */
async function recover(system, given, code) {
  const current = signedIn(system);
  if (current && current.accessToken !== given.accessToken) return current.accessToken;
  if (code === 'token_expired') return renew(system, given);
  if (ENDS_OF_SESSION.includes(code)) system.authActions.logoutWithPersistOption([given.name]);
  return undefined;
}

let renewal;

/** Renews the tokens once for all requests that wait for it. */
function renew(system, given) {
  renewal ??= exchange(system, given).finally(() => (renewal = undefined));
  return renewal;
}

async function exchange(system, { name, scheme, username, refreshToken }) {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const { token, isFinal } = await requestTokens(tokenUrlOf(system, scheme), form);
  if (token) system.authActions.authorizeOauth2WithPersistOption({ auth: { name, schema: scheme, username }, token });
  else if (isFinal) system.authActions.logoutWithPersistOption([name]);
  return token?.access_token;
}

function bearer(accessToken) {
  return { Authorization: `Bearer ${accessToken}` };
}
