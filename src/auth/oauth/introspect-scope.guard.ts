import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { InsufficientScopeError } from '../../http/access.errors.js';
import { requestOf } from '../../http/guarded-request.js';

/** The scope of the API keys of services that introspect tokens. Only admins can grant it. */
export const INTROSPECT_SCOPE = 'introspect';

/** Requires an API key with the scope, because users and keys without scopes must not read the state of other tokens. */
@Injectable()
export class IntrospectScopeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (requestOf(context).session?.scopes?.includes(INTROSPECT_SCOPE)) return true;
    throw new InsufficientScopeError([INTROSPECT_SCOPE]);
  }
}
