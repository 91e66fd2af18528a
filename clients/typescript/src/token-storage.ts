/** The token pair of a session. */
export interface StoredTokens {
  readonly accessToken: string;
  /** Missing in cookie mode. */
  readonly refreshToken?: string;
  /** The ID of the user, in cookie mode. */
  readonly userId?: string;
  /** When the access token expires, in milliseconds since 1970 by the clock of this device. */
  readonly expiresAt: number;
}

/** Where the client keeps its token pair. */
export interface TokenStorage {
  /** The name of the Web Lock for refreshes, if other tabs use the same storage. */
  readonly lockName?: string;
  read(): StoredTokens | null | Promise<StoredTokens | null>;
  write(tokens: StoredTokens | null): void | Promise<void>;
}

/** The methods of `localStorage` and `sessionStorage` that `webStorage` needs. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Keeps the tokens in memory. They are lost when the process or the page ends. */
export function memoryStorage(tokens: StoredTokens | null = null): TokenStorage {
  return {
    read: () => tokens,
    write: (next) => {
      tokens = next;
    },
  };
}

/** Keeps the tokens in `localStorage` or `sessionStorage`. Every script of the page can read them there. */
export function webStorage(storage: WebStorage, key = 'gatehouse.tokens'): TokenStorage {
  return {
    lockName: key,
    read: () => parse(storage.getItem(key)),
    write: (tokens) => {
      if (tokens) storage.setItem(key, JSON.stringify(tokens));
      else storage.removeItem(key);
    },
  };
}

/** Treats a damaged entry as signed out. */
function parse(text: string | null): StoredTokens | null {
  try {
    const { accessToken, refreshToken, expiresAt } = JSON.parse(text ?? '{}') as Partial<StoredTokens>;
    if (typeof accessToken !== 'string' || typeof refreshToken !== 'string' || typeof expiresAt !== 'number')
      return null;
    return { accessToken, refreshToken, expiresAt };
  } catch {
    return null;
  }
}
