import { readProblem } from './problem.js';
import type { Renewal, TokenKeeper } from './token-keeper.js';
import type { StoredTokens } from './token-storage.js';

export type Fetch = (request: Request) => Promise<Response>;

/** The codes of a 401 after which a new access token may help. */
const RENEWABLE: readonly string[] = ['token_expired', 'token_invalid'];
/** The codes of a 401 after which no token of the session works. */
const ENDED: readonly string[] = ['session_revoked', 'session_expired', 'session_not_found', 'user_inactive'];

/** An access token that expires this soon is renewed before the request. */
const EXPIRY_MARGIN_MS = 5_000;

/**
 * Returns a `fetch` that sends the access token. Renews an expired one and then sends the request, again if necessary.
 * That is safe for every method, because the server rejects such a request before its handler runs.
 */
export function authenticatedFetch(keeper: TokenKeeper, fetch: Fetch): Fetch {
  return async (request) => {
    let tokens = await keeper.current();
    if (!tokens) return fetch(request);
    if (tokens.expiresAt - EXPIRY_MARGIN_MS < Date.now()) {
      const renewal = await keeper.renew(tokens);
      if (!renewal || !('tokens' in renewal)) return sendWithout(request, renewal, fetch);
      tokens = renewal.tokens;
    }
    const response = await fetch(withToken(request.clone(), tokens));
    if (response.status !== 401) return response;
    const code = await codeOf(response);
    // In cookie mode, another tab may have replaced the session.
    if (RENEWABLE.includes(code) || (keeper.usesCookie && ENDED.includes(code))) {
      const renewal = await keeper.renew(tokens);
      if (!renewal) return response;
      return 'tokens' in renewal ? fetch(withToken(request, renewal.tokens)) : renewal.rejection.clone();
    }
    const problem = ENDED.includes(code) ? await readProblem(response) : null;
    if (problem) await keeper.end(tokens, problem);
    return response;
  };
}

/** Sends a request without a token, because its route may be public. Otherwise returns why there is no token. */
async function sendWithout(request: Request, renewal: Exclude<Renewal, { tokens: unknown }>, fetch: Fetch) {
  const rejection = renewal?.rejection;
  // Too many requests, or an outage. The session may still be valid.
  if (rejection && rejection.status !== 401) return rejection.clone();
  const response = await fetch(request);
  return rejection && response.status === 401 ? rejection.clone() : response;
}

function withToken(request: Request, { accessToken }: StoredTokens): Request {
  request.headers.set('Authorization', `Bearer ${accessToken}`);
  return request;
}

/** Returns the code of a 401. The response to HEAD has no body, but a challenge. */
async function codeOf(response: Response): Promise<string> {
  const problem = await readProblem(response);
  const isRejected = response.headers.get('WWW-Authenticate')?.includes('invalid_token') ?? false;
  return problem?.code ?? (isRejected ? 'token_invalid' : '');
}
