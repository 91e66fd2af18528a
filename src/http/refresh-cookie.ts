import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../config/env.js';
import { hasCookieOrigin } from './allowed-origin.js';
import { cookieValues, REFRESH_COOKIE } from './cookies.js';
import { BadRequestError, OriginNotAllowedError } from './http.errors.js';
import { pathOf } from './route-table.js';

/** The name without `Secure`, which browsers with WebKit ignore over http. Development only. */
const INSECURE_COOKIE = 'refresh';
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads and writes the cookie with the refresh token of a browser. Scripts cannot read it, and browsers send it only to
 * the routes below `/auth`, from pages of the same site.
 */
export class RefreshCookie {
  constructor(private readonly config: Config) {}

  /**
   * Returns the token in the cookie of a request.
   *
   * @throws BadRequestError for several tokens, because a page of a sibling domain may have added one
   */
  read(request: Request): string | undefined {
    const [token, ...others] = this.readAll(request);
    if (others.length > 0) throw new BadRequestError(`The request has several ${REFRESH_COOKIE} cookies.`);
    return token;
  }

  readAll(request: Request): readonly string[] {
    return cookieValues(request, this.attributes(request).name);
  }

  /** Returns whether the cookie may be used for the page that sent the request. */
  hasOrigin({ headers }: Request): boolean {
    return hasCookieOrigin(headers, this.config);
  }

  /** Requires the `Origin` of a page that may use the cookie. Browsers send it with every POST. */
  assertOrigin(request: Request): void {
    if (!this.hasOrigin(request)) throw new OriginNotAllowedError();
  }

  /** Puts the refresh token into the cookie, and returns the rest for the body. */
  deliver<T>(response: Response, { refreshToken, ...rest }: T & { refreshToken: string }): Omit<T, 'refreshToken'> {
    const { name, options } = this.attributes(response.req);
    response.cookie(name, refreshToken, { ...options, maxAge: this.config.session.idleTimeout });
    return rest;
  }

  clear(response: Response): void {
    const { name, options } = this.attributes(response.req);
    response.clearCookie(name, options);
  }

  private attributes(request: Request): { name: string; options: CookieOptions } {
    const path = pathOf(request.app, '/auth/refresh').replace(/\/refresh$/, '');
    const secure = !this.ignoresSecure(request);
    return {
      name: secure ? REFRESH_COOKIE : INSECURE_COOKIE,
      options: { httpOnly: true, secure, sameSite: 'strict', path },
    };
  }

  /** Returns whether the browser uses WebKit, on the developer's own machine. Others accept `Secure` on localhost. */
  private ignoresSecure({ secure, hostname, headers }: Request): boolean {
    const userAgent = headers['user-agent'] ?? '';
    const isWebKit = userAgent.includes('AppleWebKit/') && !userAgent.includes('Chrome/');
    return this.config.environment === 'development' && isWebKit && !secure && LOOPBACK.test(hostname);
  }
}
