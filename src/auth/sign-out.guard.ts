import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { LenientBodyRequest } from '../http/body/body-parsers.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { requestOf } from '../http/guarded-request.js';
import { RefreshCookie } from '../http/refresh-cookie.js';
import { parseRefreshToken } from '../sessions/refresh-token.js';

/**
 * Requires a valid access token, unless the body or a cookie has a refresh token. A refresh token suffices, so that users
 * can sign out after the access token has expired. With a valid access token, an invalid body is ignored, so that it
 * cannot keep the session active.
 */
@Injectable()
export class SignOutGuard extends AuthGuard('jwt') {
  private readonly cookie: RefreshCookie;

  constructor(@InjectConfig() config: Config) {
    super();
    this.cookie = new RefreshCookie(config);
  }

  override handleRequest<U>(error: unknown, user: U, info: unknown, context: ExecutionContext): U {
    const request = requestOf(context) as LenientBodyRequest;
    const { refreshToken } = (request.body ?? {}) as { readonly refreshToken?: unknown };
    if (!error && user) {
      const isToken = typeof refreshToken === 'string' && parseRefreshToken(refreshToken) !== null;
      request.body = isToken ? { refreshToken } : {};
    } else if (!error) {
      if (request.bodyError !== undefined) throw request.bodyError;
      if (refreshToken !== undefined || this.cookie.readAll(request).length > 0) return user;
    }
    return super.handleRequest<U>(error, user, info, context);
  }
}
