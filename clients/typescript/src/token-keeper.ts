import { withLock } from './lock.js';
import { readProblem, type Problem } from './problem.js';
import type { StoredTokens, TokenStorage } from './token-storage.js';

/** The result of a renewal: tokens, the response that rejected it, or `null` if the client was signed out meanwhile. */
export type Renewal = { readonly tokens: StoredTokens } | { readonly rejection: Response } | null;

export interface TokenKeeperOptions {
  readonly storage: TokenStorage;
  /** Sends a refresh token to the server. */
  readonly refresh: (refreshToken: string) => Promise<Response>;
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

  /** Stores the token pair of a sign-in or a refresh. @param expiresIn the lifetime of the access token in seconds */
  async save(accessToken: string, refreshToken: string, expiresIn: number): Promise<StoredTokens> {
    const tokens = { accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1_000 };
    await this.options.storage.write(tokens);
    return tokens;
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
    if ((await this.current())?.refreshToken !== used.refreshToken) return;
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
      if (stored && stored.refreshToken !== tokens.refreshToken) return { tokens: stored };
      const problem = response.status === 401 ? await readProblem(response) : null;
      if (problem) await this.end(tokens, problem);
      return { rejection: response };
    }
    const pair = (await response.json()) as { accessToken: string; refreshToken: string; expiresIn: number };
    // Another tab may have signed in as another user, or signed out.
    const latest = await this.current();
    if (latest?.refreshToken !== tokens.refreshToken) return latest && { tokens: latest };
    return { tokens: await this.save(pair.accessToken, pair.refreshToken, pair.expiresIn) };
  }
}
