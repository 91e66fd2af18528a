import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { catchError, map, type Observable } from 'rxjs';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { GuardedRequest } from '../../http/guarded-request.js';
import { OriginNotAllowedError } from '../../http/http.errors.js';
import type { TokenPairDto } from '../dto/token-pair.dto.js';
import { COOKIE_CHALLENGE } from '../factors/challenges.repository.js';
import { SecondFactorRequiredError } from '../factors/factors.errors.js';
import { RefreshCookie } from '../../http/refresh-cookie.js';

/**
 * Moves the refresh token of a sign-in into the cookie if the body has `"tokenDelivery": "cookie"`. By default, the second
 * step of a sign-in uses the delivery of the first one, which the challenge contains.
 */
@Injectable()
export class TokenDeliveryInterceptor implements NestInterceptor {
  private readonly cookie: RefreshCookie;

  constructor(@InjectConfig() config: Config) {
    this.cookie = new RefreshCookie(config);
  }

  intercept(context: ExecutionContext, next: CallHandler<TokenPairDto>): Observable<unknown> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<GuardedRequest>(), http.getResponse<Response>()];
    if (!usesCookie(request.body)) return next.handle();
    // Otherwise a foreign page could sign its visitor in to another account.
    if (request.headers.origin !== undefined && !this.cookie.hasOrigin(request)) throw new OriginNotAllowedError();
    request.replacedToken = this.readReplaced(request);
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof SecondFactorRequiredError)) throw error;
        throw new SecondFactorRequiredError(COOKIE_CHALLENGE + error.challenge, error.factors);
      }),
      map((pair) => this.cookie.deliver(response, pair)),
    );
  }

  /** Returns the token in the cookie that this sign-in replaces. The sign-in revokes its session (ASVS 7.2.4). */
  private readReplaced(request: Request): string | undefined {
    const tokens = this.cookie.hasOrigin(request) ? this.cookie.readAll(request) : [];
    return tokens.length === 1 ? tokens[0] : undefined;
  }
}

/** Returns whether the body of a sign-in, which is not validated yet, selects the cookie. */
function usesCookie(body: unknown): boolean {
  const { tokenDelivery, challenge } = (body ?? {}) as { tokenDelivery?: unknown; challenge?: unknown };
  if (tokenDelivery !== undefined) return tokenDelivery === 'cookie';
  return typeof challenge === 'string' && challenge.startsWith(COOKIE_CHALLENGE);
}
