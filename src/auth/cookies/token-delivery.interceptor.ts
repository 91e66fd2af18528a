import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { catchError, mergeMap, type Observable } from 'rxjs';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { clientOf } from '../../http/client.js';
import { OriginNotAllowedError } from '../../http/http.errors.js';
import type { TokenPairDto } from '../dto/token-pair.dto.js';
import { COOKIE_CHALLENGE } from '../factors/challenges.repository.js';
import { SecondFactorRequiredError } from '../factors/factors.errors.js';
import { SignOutService } from '../sign-out.service.js';
import { RefreshCookie } from '../../http/refresh-cookie.js';

/**
 * Moves the refresh token of a sign-in into the cookie if the body has `"tokenDelivery": "cookie"`. The second step of a
 * sign-in uses the delivery of the first one by default, which the challenge tells.
 */
@Injectable()
export class TokenDeliveryInterceptor implements NestInterceptor {
  private readonly cookie: RefreshCookie;

  constructor(
    @InjectConfig() config: Config,
    private readonly signOuts: SignOutService,
  ) {
    this.cookie = new RefreshCookie(config);
  }

  intercept(context: ExecutionContext, next: CallHandler<TokenPairDto>): Observable<unknown> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    if (!usesCookie(request.body)) return next.handle();
    // Otherwise a foreign page could sign its visitor in to another account.
    if (request.headers.origin !== undefined && !this.cookie.hasOrigin(request)) throw new OriginNotAllowedError();
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof SecondFactorRequiredError)) throw error;
        throw new SecondFactorRequiredError(COOKIE_CHALLENGE + error.challenge, error.factors);
      }),
      mergeMap(async (pair) => {
        await this.revokeReplaced(request, response);
        return this.cookie.deliver(response, pair);
      }),
    );
  }

  /** Revokes the session whose token the browser forgets (ASVS 7.2.4). */
  private async revokeReplaced(request: Request, response: Response): Promise<void> {
    const tokens = this.cookie.hasOrigin(request) ? this.cookie.readAll(request) : [];
    const [token, ...others] = tokens;
    if (token === undefined || others.length > 0) return;
    await this.signOuts.signOut(null, token, { ...clientOf(request), response });
  }
}

/** Returns whether the body of a sign-in, which is not validated yet, selects the cookie. */
function usesCookie(body: unknown): boolean {
  const { tokenDelivery, challenge } = (body ?? {}) as { tokenDelivery?: unknown; challenge?: unknown };
  if (tokenDelivery !== undefined) return tokenDelivery === 'cookie';
  return typeof challenge === 'string' && challenge.startsWith(COOKIE_CHALLENGE);
}
