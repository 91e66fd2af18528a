import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { catchError, map, type Observable } from 'rxjs';
import { DomainError } from '../../common/domain.error.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { GuardedRequest } from '../../http/guarded-request.js';
import { RefreshTokenMissingError } from '../auth.errors.js';
import { MAX_REFRESH_TOKEN_LENGTH } from '../dto/refresh.dto.js';
import type { TokenPairDto } from '../dto/token-pair.dto.js';
import { RefreshCookie } from '../../http/refresh-cookie.js';

/**
 * Takes the refresh token from the cookie if the body has none, and puts it into the body for the handler. The response
 * then replaces the cookie, or clears it after a sign-out and if the token was rejected.
 */
@Injectable()
export class RefreshCookieInterceptor implements NestInterceptor {
  private readonly cookie: RefreshCookie;

  constructor(@InjectConfig() config: Config) {
    this.cookie = new RefreshCookie(config);
  }

  intercept(context: ExecutionContext, next: CallHandler<TokenPairDto | undefined>): Observable<unknown> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<GuardedRequest>(), http.getResponse<Response>()];
    const body = request.body as unknown;
    const token = hasNoToken(body) ? this.read(request) : undefined;
    if (token === undefined) {
      if (body === undefined && !request.principal) throw new RefreshTokenMissingError();
      return next.handle();
    }
    this.cookie.assertOrigin(request);
    // A token that is too long stays malformed. The field would be rejected with 400, and the cookie would stay.
    request.body = { ...(body as object), refreshToken: token.slice(0, MAX_REFRESH_TOKEN_LENGTH) };
    return next.handle().pipe(
      map((pair) => (pair ? this.cookie.deliver(response, pair) : this.cookie.clear(response))),
      catchError((error: unknown) => {
        // After 429 or 503, the token may still work.
        if (error instanceof DomainError && error.kind === 'unauthenticated') this.cookie.clear(response);
        throw error;
      }),
    );
  }

  /**
   * Returns the token of the cookie. With a valid access token, ignores duplicate cookies, because a page of a sibling
   * domain could otherwise stop a sign-out.
   */
  private read(request: GuardedRequest): string | undefined {
    if (!request.principal || this.cookie.readAll(request).length <= 1) return this.cookie.read(request);
    this.cookie.assertOrigin(request);
    return undefined;
  }
}

/** Returns whether a body leaves the token to the cookie. An invalid body does not, so that it is rejected. */
function hasNoToken(body: unknown): boolean {
  if (body === undefined) return true;
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !Object.hasOwn(body, 'refreshToken');
}
