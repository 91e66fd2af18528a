import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { INTROSPECT_SCOPE } from '../../common/scope.js';
import { InsufficientScopeError } from '../../http/access.errors.js';
import { requestOf } from '../../http/guarded-request.js';

/**
 * Requires an API key with the scope, because users and keys without scopes must not read the state of other tokens. The
 * owner of the key must still be an admin.
 */
@Injectable()
export class IntrospectScopeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = requestOf(context);
    if (session?.key?.scopes?.includes(INTROSPECT_SCOPE) && session.user.role === 'admin') return true;
    throw new InsufficientScopeError([INTROSPECT_SCOPE]);
  }
}
