/* global addEventListener, localStorage */
import { tokenUrlOf, urlOf } from './routes.js';

/** The name under which Swagger UI stores the authorization and restores it on load. */
const STORAGE_KEY = 'authorized';

/** The codes with which the server rejects the token itself. Other 401s reject a password or a second factor. */
const ENDS_OF_SESSION = [
  ...['token_invalid', 'session_not_found', 'session_revoked', 'session_expired', 'user_inactive'],
  ...['key_invalid', 'key_revoked', 'key_expired'],
];

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
          original({ ...request, fetch: adoptingFetch(renewingFetch(request.fetch, system), system) }),
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

/** Returns the name, the scheme and the tokens of the signed-in user, or undefined. API keys have no refresh token. */
export function signedIn({ authSelectors }) {
  const [entry] = authSelectors
    .authorized()
    .entrySeq()
    .filter(([, auth]) => auth.getIn(['token', 'access_token']));
  if (!entry) return undefined;
  const [name, auth] = entry;
  const tokens = {
    accessToken: auth.getIn(['token', 'access_token']),
    refreshToken: auth.getIn(['token', 'refresh_token']),
  };
  return { name, scheme: auth.get('schema'), username: auth.get('username'), ...tokens };
}

/** Sends a token pair or an API key with all requests. A key lasts longer than a session, so a reload forgets it. */
export function useToken({ authSelectors, authActions }, token, username) {
  const [[name, schema]] = authSelectors.definitionsToAuthorize().first().entrySeq();
  const authorize = token.refresh_token ? authActions.authorizeOauth2WithPersistOption : authActions.authorizeOauth2;
  authorize({ auth: { name, schema, username }, token });
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

/** Returns why the server rejects an API key, or undefined. Its scopes may forbid the route of the check. */
export async function checkKey(system, key) {
  try {
    const response = await fetch(urlOf(system, '/users/me'), { headers: bearer(key) });
    return response.ok || response.status === 403 ? undefined : (await response.json()).detail;
  } catch {
    return 'The server did not respond. Try again.';
  }
}

/** Revokes the session on the server and forgets its tokens. Only forgets an API key. */
export async function signOut(system) {
  const { name, accessToken, refreshToken } = signedIn(system) ?? {};
  const url = urlOf(system, '/auth/logout');
  if (url && refreshToken) await fetch(url, { method: 'POST', headers: bearer(accessToken) }).catch(() => undefined);
  if (name) system.authActions.logoutWithPersistOption([name]);
}

/** Returns the token pair of a sign-in, with the names of OAuth, or undefined. */
export function tokenIn(body) {
  const { accessToken, refreshToken, access_token = accessToken, refresh_token = refreshToken } = body ?? {};
  return access_token && refresh_token ? { access_token, refresh_token } : undefined;
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

/**
 * Signs in with the tokens in the response to a sign-in, unless someone is signed in. Replaces the tokens of the
 * signed-in user if the request has used them, because the server would take a second use for theft.
 */
function adoptingFetch(originalFetch, system) {
  return async (request) => {
    const response = await originalFetch(request);
    const token = tokenIn(response.body);
    const given = signedIn(system);
    const isOurs = !given || (given.refreshToken && String(request.body).includes(given.refreshToken));
    if (token && isOurs) useToken(system, token, response.body.user?.email ?? given?.username);
    return response;
  };
}

/** Asks the server whether the session is still valid, and renews an expired access token. */
export async function checkSession(system) {
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
  if (code === 'token_expired' && given.refreshToken) return renew(system, given);
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
  if (token) useToken(system, token, username);
  else if (isFinal) system.authActions.logoutWithPersistOption([name]);
  return token?.access_token;
}

export function bearer(accessToken) {
  return { Authorization: `Bearer ${accessToken}` };
}
