import { withLock } from './lock.js';
import { readProblem, type Problem } from './problem.js';
import type { StoredTokens, TokenStorage } from './token-storage.js';

/** The result of a renewal: tokens, the response that rejected it, or `null` if the client was signed out meanwhile. */
export type Renewal = { readonly tokens: StoredTokens } | { readonly rejection: Response } | null;

/** The tokens in a response. */
export interface ReceivedTokens {
  readonly accessToken: string;
  /** Missing in cookie mode. */
  readonly refreshToken?: string;
  /** The lifetime of the access token in seconds. */
  readonly expiresIn: number;
  readonly user?: { readonly id: string };
}

export interface TokenKeeperOptions {
  readonly storage: TokenStorage;
  /** Whether the browser keeps the refresh token in a cookie, which all tabs share. */
  readonly usesCookie: boolean;
  /** Sends a refresh token, or the cookie, to the server. */
  readonly refresh: (refreshToken?: string) => Promise<Response>;
  /** Called once when the server has ended the session. */
  readonly onSignedOut: (problem: Problem) => void;
}

/** Stores the token pair, and renews it once for any number of parallel requests and tabs. */
export class TokenKeeper {
  private renewal: Promise<Renewal> | undefined;

  constructor(private readonly options: TokenKeeperOptions) {}

  async current(): Promise<StoredTokens | null> {
    return this.options.storage.read();
  }

  get usesCookie(): boolean {
    return this.options.usesCookie;
  }

  /** Stores the tokens of a sign-in or a refresh. */
  async save({ accessToken, refreshToken, expiresIn, user }: ReceivedTokens): Promise<StoredTokens> {
    const secret = this.usesCookie ? { userId: user?.id ?? '' } : { refreshToken: refreshToken ?? '' };
    const tokens = { accessToken, ...secret, expiresAt: Date.now() + expiresIn * 1_000 };
    await this.options.storage.write(tokens);
    return tokens;
  }

  /** Runs a function that changes the cookie while no other tab does. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    return this.usesCookie ? withLock(this.options.storage.lockName, run) : run();
  }

  /** Gets tokens with the cookie. Returns whether the browser has one, with an active session. */
  restore(): Promise<boolean> {
    return this.alone(async () => {
      const response = await this.options.refresh();
      if (response.ok) await this.save((await response.json()) as ReceivedTokens);
      else if (response.status === 401) await this.clear();
      else throw new Error(`The refresh failed with status ${response.status}. Try again.`);
      return response.ok;
    });
  }

  async clear(): Promise<void> {
    await this.options.storage.write(null);
  }

  /** Renews a token pair that no longer works, unless another request or tab has done so. */
  renew(used: StoredTokens): Promise<Renewal> {
    this.renewal ??= withLock(this.options.storage.lockName, () => this.renewNow(used)).finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  /** Forgets a token pair whose session has ended, and reports it. */
  async end(used: StoredTokens, problem: Problem): Promise<void> {
    if ((await this.current())?.accessToken !== used.accessToken) return;
    await this.clear();
    this.options.onSignedOut(problem);
  }

  private async renewNow(used: StoredTokens): Promise<Renewal> {
    const tokens = await this.current();
    if (!tokens) return null;
    if (tokens.accessToken !== used.accessToken) return { tokens };
    const response = await this.options.refresh(tokens.refreshToken);
    if (!response.ok) {
      // Without Web Locks, another tab may have refreshed meanwhile.
      const stored = await this.current();
      if (stored && stored.accessToken !== tokens.accessToken) return { tokens: stored };
      const problem = response.status === 401 ? await readProblem(response) : null;
      if (problem) await this.end(tokens, problem);
      return { rejection: response };
    }
    const received = (await response.json()) as ReceivedTokens;
    // Another tab may have signed in as another user, or signed out.
    const latest = await this.current();
    if (latest?.accessToken !== tokens.accessToken) return latest && { tokens: latest };
    if (this.usesCookie && received.user?.id !== tokens.userId) {
      await this.end(tokens, { code: 'account_changed' });
      return null;
    }
    return { tokens: await this.save(received) };
  }
}
