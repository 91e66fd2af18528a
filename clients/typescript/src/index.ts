import createClient, { type Client } from 'openapi-fetch';
import { authenticatedFetch, type Fetch } from './authenticated-fetch.js';
import type { Problem } from './problem.js';
import type { components, paths } from './schema.js';
import { stepUpFetch, type AskForProof } from './step-up.js';
import { TokenKeeper, type ReceivedTokens } from './token-keeper.js';
import { memoryStorage, type StoredTokens, type TokenStorage } from './token-storage.js';

export { memoryStorage, webStorage, type StoredTokens, type TokenStorage, type WebStorage } from './token-storage.js';
export { createPasskey, usePasskey } from './passkey.js';
export type { Problem } from './problem.js';
export type { AskForProof, SendProof, StepUpProblem, StepUpProof } from './step-up.js';
export type { components, operations, paths } from './schema.js';

type BodyOf<Path extends keyof paths> = paths[Path] extends { post: { requestBody?: { content: infer Content } } }
  ? Content[keyof Content]
  : never;

/** A code, a recovery code or a passkey. */
export type FactorProof = Pick<components['schemas']['LoginFactor'], 'code' | 'recoveryCode' | 'passkey'>;

type TokenDelivery = 'body' | 'cookie';

const JSON_BODY = { 'Content-Type': 'application/json' };
/** All tabs of an origin share the cookie. */
const COOKIE_LOCK = 'gatehouse.cookie';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export interface GatehouseOptions {
  /** The origin of the server, and its `API_PREFIX` if it has one: `https://id.example.com/api/v1`. */
  readonly baseUrl: string;
  /**
   * With `cookie`, the browser keeps the refresh token in a cookie that scripts cannot read, and the access token is in
   * memory. The default is `body`.
   */
  readonly tokenDelivery?: TokenDelivery;
  /** In memory by default, and always in cookie mode. */
  readonly storage?: TokenStorage;
  readonly fetch?: Fetch;
  /** Called when the server has ended the session: `session_revoked` with a reason, `session_expired` and others. */
  readonly onSignedOut?: (problem: Problem) => void;
  /**
   * Called when a request needs a recent authentication. Asks the user and sends the proof. The client then sends the
   * request once more. By default, the request gets 401 `insufficient_user_authentication`.
   */
  readonly onStepUp?: AskForProof;
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
    tokenDelivery = 'body',
    storage = memoryStorage(),
    fetch = (request) => globalThis.fetch(request),
    onSignedOut = () => undefined,
    onStepUp,
    refreshTimeout = 30_000,
  }: GatehouseOptions) {
    const usesCookie = tokenDelivery === 'cookie';
    const credentials = usesCookie ? ('include' as const) : ('same-origin' as const);
    this.anonymous = createClient<paths>({ baseUrl, fetch, credentials });
    const refresh = (refreshToken = '') => {
      const body: BodyOf<'/auth/refresh'> = { refreshToken };
      const sent = usesCookie ? { credentials } : { headers: JSON_BODY, body: JSON.stringify(body) };
      const signal = AbortSignal.timeout(refreshTimeout);
      return fetch(new Request(`${baseUrl.replace(/\/$/, '')}/auth/refresh`, { method: 'POST', ...sent, signal }));
    };
    this.keeper = new TokenKeeper({
      storage: usesCookie ? { ...memoryStorage(), lockName: COOKIE_LOCK } : storage,
      usesCookie,
      onSignedOut,
      refresh,
    });
    const authenticated = authenticatedFetch(this.keeper, fetch);
    const { POST } = createClient<paths>({ baseUrl, fetch: authenticated });
    const withStepUp = onStepUp && stepUpFetch(authenticated, onStepUp, (body) => POST('/auth/step-up', { body }));
    this.api = createClient<paths>({ baseUrl, fetch: withStepUp ?? authenticated });
  }

  /** Returns the stored tokens, for example for a WebSocket, or `null` if the client is not signed in. */
  tokens(): Promise<StoredTokens | null> {
    return this.keeper.current();
  }

  /**
   * Signs in and stores the token pair. If the account has a second factor, the result has `secondFactor` instead, and
   * its method `send` completes the sign-in. After a wrong factor, it can be called again.
   */
  async signIn(body: BodyOf<'/auth/login'>) {
    const result = await this.receive(body, (sent) => this.anonymous.POST('/auth/login', { body: sent }));
    const { challenge, factors = [] } = result.error ?? {};
    if (challenge === undefined) return { ...result, secondFactor: undefined };
    const secondFactor = {
      factors,
      getPasskeyOptions: () => this.anonymous.POST('/auth/login/factor/passkey-options', { body: { challenge } }),
      send: (proof: FactorProof) =>
        this.receive({ ...deviceOf(body), ...proof, challenge }, (sent) =>
          this.anonymous.POST('/auth/login/factor', { body: sent }),
        ),
    };
    return { ...result, secondFactor };
  }

  /** Signs in with the response of a passkey alone. Its options are those of `POST /auth/passkey/options`. */
  signInWithPasskey(body: BodyOf<'/auth/passkey'>) {
    return this.receive(body, (sent) => this.anonymous.POST('/auth/passkey', { body: sent }));
  }

  /**
   * Continues the session of the cookie, for example after a reload. Returns `false` if there is none. After a sign-in,
   * `false` means that the browser blocks cookies.
   */
  restore(): Promise<boolean> {
    return this.keeper.restore();
  }

  /** Requests tokens from the OAuth token endpoint with a form, and stores them. */
  async requestTokens(body: BodyOf<'/auth/token'>) {
    const result = await this.anonymous.POST('/auth/token', { body, headers: FORM });
    const { data } = result;
    if (data) {
      const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = data;
      await this.keeper.save({ accessToken, refreshToken, expiresIn });
    }
    return result;
  }

  /**
   * Revokes the session, also after the access token has expired, and forgets the tokens. Keeps them if the server could
   * not be reached, because the session is then still active.
   */
  signOut(): Promise<void> {
    return this.keeper.alone(async () => {
      const tokens = await this.keeper.current();
      const { usesCookie } = this.keeper;
      if (!tokens && !usesCookie) return;
      const { response } = await this.anonymous.POST('/auth/logout', {
        ...(usesCookie
          ? { headers: tokens ? { Authorization: `Bearer ${tokens.accessToken}` } : {} }
          : { body: { refreshToken: tokens?.refreshToken ?? '' } }),
      });
      // Without a cookie and a token, no session is left.
      const isSignedOut = response.ok || (usesCookie && response.status === 401);
      if (!isSignedOut) throw new Error(`The sign-out failed with status ${response.status}. Try again.`);
      await this.keeper.clear();
    });
  }

  /** Sends a sign-in and stores the tokens that it returns. */
  private receive<Body extends { readonly tokenDelivery?: TokenDelivery }, Result extends { data?: ReceivedTokens }>(
    body: Body,
    send: (body: Body) => Promise<Result>,
  ): Promise<Result> {
    return this.keeper.alone(async () => {
      const result = await send(this.keeper.usesCookie ? { ...body, tokenDelivery: 'cookie' } : body);
      if (result.data) await this.keeper.save(result.data);
      return result;
    });
  }
}

/** Returns the fields that both steps of a sign-in have. */
function deviceOf({ email: _email, password: _password, ...device }: BodyOf<'/auth/login'>) {
  return device;
}
