import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { requestOf } from '../http/guarded-request.js';

/**
 * Requires a valid access token, unless the body has a refresh token. A refresh token suffices, so that users can sign
 * out after the access token has expired.
 */
@Injectable()
export class SignOutGuard extends AuthGuard('jwt') {
  override handleRequest<U>(error: unknown, user: U, info: unknown, context: ExecutionContext): U {
    const body = requestOf(context).body as { readonly refreshToken?: unknown } | null | undefined;
    if (!error && !user && body?.refreshToken !== undefined) return user;
    return super.handleRequest<U>(error, user, info, context);
  }
}
