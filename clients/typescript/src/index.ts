import createClient, { type Client } from 'openapi-fetch';
import { authenticatedFetch, type Fetch } from './authenticated-fetch.js';
import type { Problem } from './problem.js';
import type { paths } from './schema.js';
import { TokenKeeper } from './token-keeper.js';
import { memoryStorage, type StoredTokens, type TokenStorage } from './token-storage.js';

export { memoryStorage, webStorage, type StoredTokens, type TokenStorage, type WebStorage } from './token-storage.js';
export type { Problem } from './problem.js';
export type { components, operations, paths } from './schema.js';

type BodyOf<Path extends keyof paths> = paths[Path] extends { post: { requestBody?: { content: infer Content } } }
  ? Content[keyof Content]
  : never;

const JSON_BODY = { 'Content-Type': 'application/json' };
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export interface GatehouseOptions {
  /** The origin of the server, and its `API_PREFIX` if it has one: `https://id.example.com/api/v1`. */
  readonly baseUrl: string;
  /** In memory by default. */
  readonly storage?: TokenStorage;
  readonly fetch?: Fetch;
  /** Called when the server has ended the session: `session_revoked` with a reason, `session_expired` and others. */
  readonly onSignedOut?: (problem: Problem) => void;
  /** How long a refresh may take, in milliseconds. The default is 30 seconds. */
  readonly refreshTimeout?: number;
}

/** A client that signs in, keeps the token pair and renews it. */
export class Gatehouse {
  /** All routes. Sends the access token and renews it when it has expired. */
  readonly api: Client<paths>;
  /** All routes, without a token. */
  private readonly anonymous: Client<paths>;
  private readonly keeper: TokenKeeper;

  constructor({
    baseUrl,
    storage = memoryStorage(),
    fetch = (request) => globalThis.fetch(request),
    onSignedOut = () => undefined,
    refreshTimeout = 30_000,
  }: GatehouseOptions) {
    this.anonymous = createClient<paths>({ baseUrl, fetch });
    const refresh = (refreshToken: string) => {
      const body: BodyOf<'/auth/refresh'> = { refreshToken };
      const init = { method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) };
      const signal = AbortSignal.timeout(refreshTimeout);
      return fetch(new Request(`${baseUrl.replace(/\/$/, '')}/auth/refresh`, { ...init, signal }));
    };
    this.keeper = new TokenKeeper({ storage, onSignedOut, refresh });
    this.api = createClient<paths>({ baseUrl, fetch: authenticatedFetch(this.keeper, fetch) });
  }

  /** Returns the stored tokens, for example for a WebSocket, or `null` if the client is not signed in. */
  tokens(): Promise<StoredTokens | null> {
    return this.keeper.current();
  }

  /** Signs in and stores the token pair. */
  async signIn(body: BodyOf<'/auth/login'>) {
    const result = await this.anonymous.POST('/auth/login', { body });
    const { data } = result;
    if (data && 'refreshToken' in data) await this.keeper.save(data.accessToken, data.refreshToken, data.expiresIn);
    return result;
  }

  /** Requests tokens from the OAuth token endpoint with a form, and stores them. */
  async requestTokens(body: BodyOf<'/auth/token'>) {
    const result = await this.anonymous.POST('/auth/token', { body, headers: FORM });
    const { data } = result;
    if (data) await this.keeper.save(data.access_token, data.refresh_token, data.expires_in);
    return result;
  }

  /**
   * Revokes the session, also after the access token has expired, and forgets the tokens. Keeps them if the server could
   * not be reached, because the session is then still active.
   */
  async signOut(): Promise<void> {
    const tokens = await this.keeper.current();
    if (!tokens) return;
    const { refreshToken } = tokens;
    const { response } = await this.anonymous.POST('/auth/logout', { body: { refreshToken } });
    if (!response.ok) throw new Error(`The sign-out failed with status ${response.status}. Try again.`);
    await this.keeper.clear();
  }
}
